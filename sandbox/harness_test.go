package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/sandbox"
)

const (
	linkedEmail = "asha+linked@example.test"
	usdc        = "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359"
	native      = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	wallet      = "0x1111111111111111111111111111111111111111"
	goodUTR     = "412345678901"
	goodHash    = "0xabc0000000000000000000000000000000000000000000000000000000000001"
	polygon     = 137
)

func testStart() time.Time { return time.Date(2026, 1, 10, 10, 0, 0, 0, time.UTC) }

// object is a JSON object to send.
type object map[string]any

// with copies an object and sets one member; a nil value removes it.
func (o object) with(name string, value any) object {
	changed := object{}
	for k, v := range o {
		changed[k] = v
	}
	if changed[name] = value; value == nil {
		delete(changed, name)
	}
	return changed
}

// provider is a sandbox under test, its clock standing still.
type provider struct {
	t     *testing.T
	url   string
	clock *sandbox.Clock
	srv   *sandbox.Server
}

func start(t *testing.T) *provider {
	t.Helper()
	return startWith(t, sandbox.Options{Seed: 1})
}

func startWith(t *testing.T, options sandbox.Options) *provider {
	t.Helper()
	options.Clock = sandbox.NewClock(testStart(), 0)
	srv, err := sandbox.New(options)
	require.NoError(t, err)
	server := httptest.NewServer(srv)
	t.Cleanup(server.Close)
	return &provider{t: t, url: server.URL, clock: options.Clock, srv: srv}
}

// reply is an answer, its numbers kept as they were written.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	body   any
}

// send makes a request; a nil body is none. Headers override.
func (p *provider) send(method, path string, body []byte, headers map[string]string) reply {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(body))
	require.NoError(p.t, err)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(p.t, err)
	defer func() { require.NoError(p.t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	require.NoError(p.t, err)
	return reply{t: p.t, status: res.StatusCode, header: res.Header, text: string(text), body: decode(text)}
}

func decode(text []byte) any {
	var body any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if !json.Valid(text) || decoder.Decode(&body) != nil {
		return nil
	}
	return body
}

// post sends JSON with the API key only.
func (p *provider) post(path string, body object) reply {
	p.t.Helper()
	return p.send(http.MethodPost, path, encode(p.t, body), withKey())
}

func (p *provider) get(path string) reply {
	p.t.Helper()
	return p.send(http.MethodGet, path, nil, withKey())
}

func withKey() map[string]string {
	return map[string]string{"x-api-key": sandbox.DefaultAPIKey, "Content-Type": "application/json"}
}

func encode(t testing.TB, body any) []byte {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	return encoded
}

// customer is a signed-in user.
type customer struct {
	*provider
	email   string
	access  string
	refresh string
}

func (p *provider) login(email string) *customer {
	p.t.Helper()
	r := p.post("/v1/users/login", object{"email": email}).ok()
	return &customer{provider: p, email: email, access: r.str("data.accessToken"), refresh: r.str("data.refreshToken")}
}

func (c *customer) headers() map[string]string {
	headers := withKey()
	headers["Authorization"] = "Bearer " + c.access
	return headers
}

func (c *customer) post(path string, body object) reply {
	c.t.Helper()
	return c.send(http.MethodPost, path, encode(c.t, body), c.headers())
}

func (c *customer) get(path string) reply {
	c.t.Helper()
	return c.send(http.MethodGet, path, nil, c.headers())
}

// onrampOrder is a valid request by the user tagged linked.
func onrampOrder(amount string) object {
	return object{
		"buyTokenSymbol": "USDC", "buyTokenAddress": usdc, "chainId": polygon,
		"fiatCurrency": "inr", "fiatAmount": json.Number(amount), "receiverAddress": wallet,
		"paymentMode": "INR_UPI", "upiId": object{"upiId": "asha@okbank", "name": "Asha Rao"},
		"metaData": object{"myRef": "inv-42"},
	}
}

// referenced gives an order the client's own reference.
func referenced(order object, reference string) object {
	return order.with("metaData", object{"reference": reference})
}

// bankOrder is onrampOrder by bank transfer.
func bankOrder(mode, amount string) object {
	return onrampOrder(amount).with("paymentMode", mode).with("upiId", nil).with("bankDetails",
		object{"accountName": "Asha Rao", "accountNumber": "50100000004821", "ifsc": "HDFC0001234"})
}

// offrampOrder is a valid request by the user tagged linked.
func offrampOrder(tokens string) object {
	return object{
		"sellTokenSymbol": "USDC", "sellTokenAddress": usdc, "chainId": polygon, "fiatCurrency": "inr",
		"sellTokenAmount": json.Number(tokens), "senderWalletAddress": wallet, "refundWalletAddress": wallet,
		"bankDetails": object{"accountNumber": "XXXX4821", "ifsc": "HDFC0001234"}, "metaData": object{"myRef": "wd-7"},
	}
}

func (c *customer) createOnramp(order object) string {
	c.t.Helper()
	return c.post("/v1/orders/create", order).ok().str("data.orderId")
}

func (c *customer) createOfframp(order object) string {
	c.t.Helper()
	return c.post("/v1/offramp/orders/create", order).ok().str("data.orderId")
}

func (c *customer) submitUTR(orderID, utr string) reply {
	c.t.Helper()
	return c.post("/v1/orders/utr", object{"orderId": orderID, "utr": utr})
}

func (c *customer) submitHash(orderID, hash string) reply {
	c.t.Helper()
	return c.post("/v1/offramp/orders/txnhash", object{"orderId": orderID, "txnHash": hash})
}

func (c *customer) onrampStatus(orderID string) reply {
	c.t.Helper()
	return c.post("/v1/orders/status", object{"orderId": orderID}).ok()
}

func (c *customer) offrampStatus(orderID string) reply {
	c.t.Helper()
	return c.post("/v1/offramp/orders/status", object{"orderId": orderID}).ok()
}

// renew signs in again, once the tokens may have expired.
func (c *customer) renew() { *c = *c.login(c.email) }

// walk moves the clock past every step of an order, then back to each of them, and returns the statuses that
// read sees there and how long after the first one they came.
func (c *customer) walk(orderID string, read func() string) (statuses []string, after []time.Duration) {
	c.t.Helper()
	began := c.clock.Now()
	c.clock.Advance(100 * time.Hour)
	for _, o := range c.srv.Ledger().Orders {
		if o.ID != orderID {
			continue
		}
		for _, step := range o.Timeline {
			c.clock.Set(step.At)
			c.renew()
			statuses, after = append(statuses, read()), append(after, step.At.Sub(began))
		}
	}
	return statuses, after
}

// ok requires the provider's success.
func (r reply) ok() reply {
	r.t.Helper()
	require.Equal(r.t, http.StatusOK, r.status, "%s (%s)", r.text, r.header.Get(sandbox.ReasonHeader))
	require.Equal(r.t, true, r.at("success"))
	return r
}

// refused requires the provider's usual refusal.
func (r reply) refused(status int, message string) {
	r.t.Helper()
	require.Equal(r.t, status, r.status, r.text)
	require.Equal(r.t, false, r.at("success"))
	require.Equal(r.t, message, r.at("error.message"), r.header.Get(sandbox.ReasonHeader))
	require.Equal(r.t, json.Number(strconv.Itoa(status)), r.at("error.code"))
	require.NotEmpty(r.t, r.header.Get(sandbox.ReasonHeader))
}

// at returns the value at a path such as "data.0.status", or nil if there is none.
func (r reply) at(path string) any {
	value := r.body
	for _, name := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

func (r reply) str(path string) string {
	r.t.Helper()
	s, ok := r.at(path).(string)
	require.True(r.t, ok, "%s is not a string in %s", path, r.text)
	return s
}

func (r reply) list(path string) []any {
	r.t.Helper()
	list, ok := r.at(path).([]any)
	require.True(r.t, ok, "%s is not a list in %s", path, r.text)
	return list
}

// num reads a JSON number as it was written.
func (r reply) num(path string) string {
	r.t.Helper()
	n, ok := r.at(path).(json.Number)
	require.True(r.t, ok, "%s is not a number in %s", path, r.text)
	return n.String()
}

// hash makes a different transaction hash for each n.
func hash(n int) string { return fmt.Sprintf("0x%064x", n+1) }

// utr makes a different UTR of 12 digits for each n.
func utr(n int) string { return fmt.Sprintf("4%011d", n) }
