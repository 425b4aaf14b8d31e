package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/sandbox"
	"rampart/sandbox/fault"
)

// delivery is a webhook as it arrived.
type delivery struct {
	path, signature, body string
}

func (d delivery) signed() bool {
	return onmeta.VerifyWebhook(sandbox.DefaultAPISecret, []byte(d.body), d.signature)
}

func (d delivery) name() string {
	if event, err := onmeta.ParseWebhook([]byte(d.body)); err == nil {
		return string(event.Status)
	}
	event, err := onmeta.ParseKYCWebhook([]byte(d.body))
	if err != nil {
		return "malformed"
	}
	return string(event.Name)
}

// receiver gets the webhooks of a sandbox.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	received []delivery
	status   int
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.received = append(r.received, delivery{req.URL.Path, req.Header.Get(onmeta.SignatureHeader), string(body)})
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) webhooks() sandbox.Webhooks {
	return sandbox.Webhooks{Orders: r.URL + "/orders", KYC: r.URL + "/kyc"}
}

func (r *receiver) all() []delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]delivery{}, r.received...)
}

// names waits for a number of webhooks and returns what they tell.
func (r *receiver) names(t *testing.T, count int) []string {
	t.Helper()
	require.Eventually(t, func() bool { return len(r.all()) >= count }, 20*time.Second, 5*time.Millisecond, "%d of %d webhooks", len(r.all()), count)
	var names []string
	for _, d := range r.all() {
		names = append(names, d.name())
	}
	return names
}

// announcing starts a sandbox that sends webhooks, and their receiver.
func announcing(t *testing.T) (*provider, *receiver) {
	t.Helper()
	r := receive(t)
	p := startWith(t, sandbox.Options{Seed: 1, Webhooks: r.webhooks()})
	t.Cleanup(p.srv.Close)
	return p, r
}

func TestEveryDocumentedStatusOfAnOnrampOrderIsAnnounced(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	c := p.login(linkedEmail)
	id := c.createOnramp(referenced(onrampOrder("1000"), "inv-42"))
	c.submitUTR(id, goodUTR).ok()
	require.Equal(t, []string{"fiatPending"}, r.names(t, 1))
	c.clock.Advance(10 * time.Minute)
	require.Equal(t, []string{"fiatPending", "fiatReceived", "orderReceived", "InProgress", "transferred", "completed"}, r.names(t, 6))
	for _, d := range r.all() {
		require.True(t, d.signed())
		require.Equal(t, "/orders", d.path)
		event, err := onmeta.ParseWebhook([]byte(d.body))
		require.NoError(t, err)
		require.Equal(t, id, event.OrderID)
		require.Equal(t, onmeta.EventOnramp, event.Type)
		require.Equal(t, "inv-42", event.MetaData["reference"])
		require.Equal(t, "1000", event.Fiat.Decimal.String())
	}
	last, err := onmeta.ParseWebhook([]byte(r.all()[5].body))
	require.NoError(t, err)
	require.NotEmpty(t, last.TransactionHash)
	require.NotEmpty(t, last.MetaData["conversionRate"])
}

func TestPayoutIsAnnouncedWithWhatOnlyWebhooksCarry(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	c := p.login(linkedEmail)
	id := c.createOfframp(offrampOrder("10"))
	c.submitHash(id, goodHash).ok()
	c.clock.Advance(10 * time.Minute)
	require.Equal(t, []string{"pending", "orderReceived", "InProgress", "CryptoReceived", "PayoutSuccess"}, r.names(t, 5), "cryptoInit and fiatPending are not announced")
	event, err := onmeta.ParseWebhook([]byte(r.all()[4].body))
	require.NoError(t, err)
	require.NotEmpty(t, event.PayoutReference)
	require.True(t, event.TDS.Valid)
	require.Equal(t, "10", event.TokensDeducted.Decimal.String())
}

func TestCancellationIsNotAnnounced(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	c := p.login(linkedEmail)
	id := c.createOnramp(onrampOrder("1000"))
	c.control("/sandbox/orders/"+id, object{"status": "cancelled"})
	other := c.createOnramp(onrampOrder("1001"))
	c.control("/sandbox/orders/"+other, object{"status": "expired"})
	require.ElementsMatch(t, []string{"fiatPending", "fiatPending", "expired"}, r.names(t, 3))
}

func TestKYCIsAnnouncedStepByStep(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	c := p.login("asha+review@example.test")
	require.Equal(t, http.StatusOK, c.uploadKYC(goodDossier(t, c.email)).status)
	require.ElementsMatch(t, []string{"SelfieSuccess", "PanSuccess", "AadhaarFrontSuccess", "AadhaarBackSuccess"}, r.names(t, 4))
	c.clock.Advance(7 * time.Hour)
	require.Equal(t, "KYCCompleted", r.names(t, 5)[4])
	for _, d := range r.all() {
		require.True(t, d.signed())
		require.Equal(t, "/kyc", d.path)
	}
	refused := p.login("ravi+kycrefused@example.test")
	require.Equal(t, http.StatusBadRequest, refused.uploadKYC(goodDossier(t, refused.email)).status)
	require.Equal(t, "SelfieFailure", r.names(t, 6)[5])
	verified := p.login("lata@example.test")
	require.Equal(t, "true", verified.kycVerified())
	p.control("/sandbox/users", object{"email": refused.email, "kyc": "verified"})
	require.Equal(t, "KYCCompleted", r.names(t, 7)[6])
}

func TestWebhooksAreTwistedByFaultRules(t *testing.T) {
	t.Parallel()
	usual := []string{"fiatPending", "fiatReceived", "orderReceived", "InProgress", "transferred", "completed"}
	for kind, test := range map[fault.Kind]struct {
		names  []string
		signed bool
	}{
		fault.WebhookTwice: {[]string{"fiatPending", "fiatPending", "fiatReceived", "fiatReceived", "orderReceived", "orderReceived", "InProgress", "InProgress",
			"transferred", "transferred", "completed", "completed"}, true},
		fault.WebhookReorder:  {[]string{"fiatReceived", "fiatPending", "InProgress", "orderReceived", "completed", "transferred"}, true},
		fault.WebhookForged:   {usual, false},
		fault.WebhookUnsigned: {usual, false},
		fault.WebhookWrapped:  {usual, true},
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			p, r := announcing(t)
			p.fault(fault.Rule{Fault: fault.Fault{Kind: kind}})
			c := p.login(linkedEmail)
			c.submitUTR(c.createOnramp(onrampOrder("1000")), goodUTR).ok()
			c.clock.Advance(10 * time.Minute)
			require.Equal(t, test.names, r.names(t, len(test.names)))
			for _, d := range r.all() {
				require.Equal(t, test.signed, d.signed())
				require.Equal(t, kind == fault.WebhookWrapped, strings.HasPrefix(d.body, `{"request_data":{`))
				require.Equal(t, kind == fault.WebhookUnsigned, d.signature == "")
			}
			require.Positive(t, p.srv.Faults()[0].Injected)
		})
	}
}

func TestLostAndLateWebhooks(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.WebhookLost}, Scope: fault.Scope{Reference: "lost"}})
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.WebhookLate, Delay: fault.Duration(time.Hour)}, Scope: fault.Scope{Reference: "late"}})
	c := p.login(linkedEmail)
	for i, reference := range []string{"lost", "late"} {
		c.submitUTR(c.createOnramp(referenced(onrampOrder("1000"), reference)), utr(i)).ok()
	}
	c.clock.Advance(30 * time.Minute)
	c.submitUTR(c.createOnramp(referenced(onrampOrder("1000"), "on time")), utr(2)).ok()
	require.Equal(t, []string{"fiatPending"}, r.names(t, 1), "that of the order on time")
	c.clock.Advance(time.Hour)
	require.Len(t, r.names(t, 12), 12)
	for _, d := range r.all() {
		require.NotContains(t, d.body, `"lost"`)
	}
}

func TestFaultsOfCallsAndOfWebhooksDoNotMix(t *testing.T) {
	t.Parallel()
	p, r := announcing(t)
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.WebhookForged}})
	p.fault(fault.Rule{Fault: fault.Fault{Kind: fault.Latency, Delay: fault.Duration(time.Millisecond)}})
	c := p.login(linkedEmail)
	c.createOnramp(onrampOrder("1000"))
	r.names(t, 1)
	require.Equal(t, 1, p.srv.Faults()[0].Injected)
	require.Equal(t, 2, p.srv.Faults()[1].Injected)
	refused := c.send(http.MethodPost, "/sandbox/faults", []byte(`{"fault":"reset","route":"webhook orders"}`), nil)
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.Equal(t, http.StatusOK, c.send(http.MethodPost, "/sandbox/faults", []byte(`{"fault":"webhook-lost","route":"webhook orders"}`), nil).status)
}

func TestWebhooksAreSetOverHTTPAndAnswersCounted(t *testing.T) {
	t.Parallel()
	r := receive(t)
	r.status = http.StatusInternalServerError
	c := start(t).login(linkedEmail)
	t.Cleanup(c.srv.Close)
	before := c.createOnramp(onrampOrder("1000"))
	c.control("/sandbox/webhooks", object{"orders": r.URL})
	c.createOnramp(onrampOrder("1000"))
	require.Equal(t, []string{"fiatPending"}, r.names(t, 1), "what happened before is not announced")
	c.control("/sandbox/orders/"+before, object{"status": "expired"})
	require.Equal(t, []string{"fiatPending", "expired"}, r.names(t, 2))
	require.Eventually(t, func() bool {
		return c.send(http.MethodGet, "/sandbox/webhooks", nil, nil).at("answers.500") == json.Number("2")
	}, 10*time.Second, 10*time.Millisecond, "each was sent once")
	c.control("/sandbox/webhooks", object{})
	c.createOnramp(onrampOrder("1000"))
	for _, bad := range []string{`{"orders":"gateway"}`, `{"orders":"ftp://127.0.0.1"}`, `{"kyc":"http://"}`, `{"url":""}`} {
		require.Equal(t, http.StatusBadRequest, c.send(http.MethodPost, "/sandbox/webhooks", []byte(bad), nil).status, bad)
	}
	require.Len(t, r.all(), 2)
}

func TestReceiverThatHangsDelaysNoAnswer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hanging.Close)
	t.Cleanup(func() { close(release) })
	p := startWith(t, sandbox.Options{Seed: 1, Webhooks: sandbox.Webhooks{Orders: hanging.URL}})
	t.Cleanup(p.srv.Close)
	c := p.login(linkedEmail)
	began := time.Now()
	for range 50 {
		c.createOfframp(offrampOrder("10.09"))
	}
	require.Less(t, time.Since(began), 9*time.Second, "a receiver may take 10 s for each")
}

func TestSandboxRefusesInvalidWebhookURL(t *testing.T) {
	t.Parallel()
	_, err := sandbox.New(sandbox.Options{Webhooks: sandbox.Webhooks{KYC: "localhost:8089"}})
	require.ErrorContains(t, err, "a webhook's URL must be")
}
