package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"rampart/gateway/api"
	"rampart/internal/process"
	"rampart/ramp"
)

// gateway is a gateway of a stack, the URL of its API, and the host:port of its metrics.
type gateway struct {
	*process.Process
	s    *stack
	url  string
	http string
}

// startGateway starts a gateway that asks for no token.
func (s *stack) startGateway(environment ...string) *gateway {
	s.t.Helper()
	listen, pages := "127.0.0.1:"+freePort(s.t), "127.0.0.1:"+freePort(s.t)
	started := s.launch("gateway", append([]string{
		"TEMPORAL_ADDRESS=" + s.Address, "TEMPORAL_NAMESPACE=default", "RAMP_KEYSET_FILE=" + s.Keyset,
		"RAMP_GATEWAY_LISTEN=" + listen, "RAMP_HTTP_ADDRESS=" + pages,
	}, environment...))
	s.awaitLog(started, "gateway started")
	return &gateway{started, s, "http://" + listen, pages}
}

// httpAnswer is a response of the gateway, with its body.
type httpAnswer struct {
	status  int
	header  http.Header
	body    []byte
	order   ramp.Order
	problem api.Problem
}

// send sends a request to the gateway and decodes its answer.
func (g *gateway) send(ctx context.Context, method, path string, body []byte, headers ...string) (*httpAnswer, error) {
	request, err := http.NewRequestWithContext(ctx, method, g.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer := &httpAnswer{status: response.StatusCode, header: response.Header}
	if answer.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	switch mediaType := response.Header.Get("Content-Type"); {
	case mediaType == "application/problem+json":
		err = json.Unmarshal(answer.body, &answer.problem)
	case mediaType == "application/json" && len(answer.body) > 0:
		err = json.Unmarshal(answer.body, &answer.order)
	}
	return answer, err
}

// mustSend is send, and requires the status of the answer.
func (g *gateway) mustSend(want int, method, path, body string, headers ...string) *httpAnswer {
	g.s.t.Helper()
	var content []byte
	if body != "" {
		content = []byte(body)
	}
	answer, err := g.send(g.s.t.Context(), method, path, content, headers...)
	require.NoError(g.s.t, err)
	require.Equal(g.s.t, want, answer.status, string(answer.body))
	return answer
}

func bodyOf(t *testing.T, request any) string {
	t.Helper()
	encoded, err := json.Marshal(request)
	require.NoError(t, err)
	return string(encoded)
}

// serverSentEvent is an event of a stream.
type serverSentEvent struct {
	id    string
	order ramp.Order
}

// follow reads the events of a stream until it ends.
func (g *gateway) follow(ctx context.Context, path, lastEventID string) ([]serverSentEvent, int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.url+path, nil)
	if err != nil {
		return nil, 0, err
	}
	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer response.Body.Close()
	var events []serverSentEvent
	var event serverSentEvent
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "id":
			event.id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &event.order); err != nil {
				return nil, 0, err
			}
			events = append(events, event)
			event = serverSentEvent{}
		}
	}
	return events, response.StatusCode, lines.Err()
}

func TestGatewayTakesAnOrderToItsEnd(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	const path = "/v1/onramp/orders/inv-42"
	body := bodyOf(t, onrampRequest("inv-42"))

	g.mustSend(http.StatusNotFound, http.MethodGet, path, "")
	started := g.mustSend(http.StatusCreated, http.MethodPut, path, body)
	require.Equal(t, ramp.AwaitingPayment, started.order.Status)
	require.Contains(t, started.order.Instructions.UPI.QR, "upi://pay?")
	require.Equal(t, path, started.header.Get("Location"))
	again := g.mustSend(http.StatusOK, http.MethodPut, path, body)
	require.Equal(t, started.order.OrderID, again.order.OrderID)
	other := onrampRequest("inv-42")
	other.Fiat.Amount = "2000.00"
	taken := g.mustSend(http.StatusConflict, http.MethodPut, path, bodyOf(t, other))
	require.Equal(t, ramp.ReferenceTaken, taken.problem.ErrorType)
	require.Equal(t, "inv-42", taken.problem.Reference)

	followed := make(chan error, 1)
	var events []serverSentEvent
	go func() {
		var err error
		events, _, err = g.follow(t.Context(), path+"/events", "")
		followed <- err
	}()
	paid := g.mustSend(http.StatusOK, http.MethodPost, path+"/utr", `{"utr": "`+utrOf(1)+`"}`)
	require.Equal(t, ramp.UTR(utrOf(1)), paid.order.Proof.UTR)
	order := paid
	for !order.order.Status.Final() {
		order = g.mustSend(http.StatusOK, http.MethodGet, fmt.Sprintf("%s?wait=30s&after=%d", path, order.order.Version), "")
	}
	require.Equal(t, ramp.Completed, order.order.Status)
	g.mustSend(http.StatusNotModified, http.MethodGet, path, "", "If-None-Match", order.header.Get("ETag"))

	require.NoError(t, <-followed)
	last := events[len(events)-1]
	require.Equal(t, ramp.Completed, last.order.Status)
	require.Equal(t, order.header.Get("ETag"), `"`+last.id+`"`)
	require.Equal(t, fmt.Sprintf("%d-%d", order.order.Version, order.order.UpdatedAt.UnixMilli()), last.id)
	for i, event := range events[1:] {
		require.Greater(t, event.order.Version, events[i].order.Version)
	}
	resumed, status, err := g.follow(t.Context(), path+"/events", events[0].id)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, []serverSentEvent{last}, resumed)
	_, status, err = g.follow(t.Context(), path+"/events", last.id)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, status)

	over := g.mustSend(http.StatusConflict, http.MethodPost, path+"/cancel", "")
	require.Equal(t, ramp.OrderOver, over.problem.ErrorType)
	require.Equal(t, order.order.OrderID, over.problem.OrderID)
	eventually(t, patience, func() error {
		listed := g.mustSend(http.StatusOK, http.MethodGet, "/v1/orders?status=completed&direction=onramp", "")
		if !strings.Contains(string(listed.body), `"reference":"inv-42"`) {
			return errors.New("the list does not have the order")
		}
		return nil
	})
	s.stop(g.Process)
	requireNothingPrivate(t, g.Process)
}

// requireNothingPrivate requires that a gateway's log has nothing of its users.
func requireNothingPrivate(t *testing.T, p *process.Process) {
	t.Helper()
	log := tail(p.Log(), 100_000)
	require.Contains(t, log, `"route"`)
	for _, private := range []string{"asha", "Asha", "okbank", "50100000004821", "4123456789", "0x1111111111", "hunter2"} {
		require.NotContains(t, log, private)
	}
}

func TestGatewayRefusesBadInputByFieldAndStartsNothing(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	var checking errgroup.Group
	checking.SetLimit(8)
	count := 0
	for _, bad := range append(documentedInvalidStarts(t), otherInvalidStarts(t)...) {
		if string(bad.input.GetMetadata()["encoding"]) != "json/plain" {
			continue // HTTP has no encodings of payloads
		}
		if bad.field == "reference" || strings.Contains(bad.problem, "workflow id") {
			continue // the reference is that of the path
		}
		count++
		checking.Go(func() error { return g.checkRefusal(t.Context(), bad) })
	}
	require.NoError(t, checking.Wait())
	require.Greater(t, count, 230)

	ledger := s.ledger()
	delete(ledger.Calls, "GET /v1/orders/get-chain-limit") // the worker's own call
	require.Empty(t, ledger.Calls, "the provider was called")
	counted, err := s.Temporal.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType != %q", ramp.WorkerLeaseWorkflow),
	})
	require.NoError(t, err)
	require.Zero(t, counted.GetCount(), "a workflow was started")
	s.stop(g.Process)
	requireNothingPrivate(t, g.Process)
	t.Logf("%d bad requests were refused", count)
}

// checkRefusal sends a start over HTTP, and returns an error if it is not refused as expected.
func (g *gateway) checkRefusal(ctx context.Context, bad invalidStart) error {
	direction := ramp.Onramp
	if bad.workflowType == ramp.OfframpWorkflow {
		direction = ramp.Offramp
	}
	content := bad.input.GetData()
	var sent map[string]any
	reference := "sound"
	if json.Unmarshal(content, &sent) == nil && sent["reference"] != nil {
		reference = fmt.Sprint(sent["reference"])
	}
	answer, err := g.send(ctx, http.MethodPut, "/v1/"+string(direction)+"/orders/"+reference, content)
	p := &httpAnswer{}
	if err == nil {
		p = answer
	}
	name := fmt.Sprintf("%.200s", bad.name)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", name, err)
	case p.status == http.StatusRequestEntityTooLarge && len(content) > 64<<10:
		return nil
	case p.status != http.StatusUnprocessableEntity || p.problem.ErrorType != ramp.InvalidRequest:
		return fmt.Errorf("%s: it is answered with %d: %s", name, p.status, p.body)
	}
	refusal := &ramp.Error{Message: p.problem.Detail, Fields: p.problem.Fields}
	switch {
	case bad.field != "" && (len(refusal.Fields) != 1 || refusal.Fields[0].Field != bad.field),
		bad.field != "" && bad.problem != "" && refusal.Fields[0].Problem != bad.problem,
		bad.field == "" && !strings.Contains(refusal.Error(), bad.problem):
		return fmt.Errorf("%s: its refusal is another: %s", name, p.body)
	}
	return checkQuotesNoInput(refusal)
}

func TestGatewayRefusesBadMessagesAndTheirOrdersComplete(t *testing.T) {
	t.Parallel()
	s := newStack(t, 20)
	s.startWaitingOrders()
	g := s.startGateway()
	paths := map[string]string{
		ramp.SubmitUTR: "utr", ramp.SubmitTransactionHash: "transaction-hash", ramp.SubmitKYC: "kyc", ramp.SubmitAccount: "account",
		ramp.ConfirmQuote: "quote-confirmation",
	}
	count := 0
	for _, bad := range invalidMessages() {
		if string(bad.payload.GetMetadata()["encoding"]) != "json/plain" {
			continue // HTTP has no encodings of payloads
		}
		count++
		answer, err := g.send(t.Context(), http.MethodPost,
			fmt.Sprintf("/v1/%s/orders/%s/%s", bad.order.Direction, bad.order.Reference, paths[bad.name]), bad.payload.GetData())
		require.NoError(t, err)
		if len(bad.payload.GetData()) > 64<<10 {
			require.Equal(t, http.StatusRequestEntityTooLarge, answer.status)
			continue
		}
		refusal := &ramp.Error{Message: answer.problem.Detail, Fields: answer.problem.Fields}
		require.Equal(t, bad.kind, answer.problem.ErrorType, "%s: %s", bad.says, answer.body)
		require.Contains(t, refusal.Error(), bad.says)
		require.NoError(t, checkQuotesNoInput(refusal))
	}
	require.Greater(t, count, 50)
	s.completeWaitingOrders()
	t.Logf("%d bad messages were refused", count)
}

func TestGatewayAnswers202WhileTheProviderIsSlow(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	s.post("/sandbox/faults", `{"fault":"latency","delay":"8s","route":"POST /v1/orders/create","reference":"late","times":1}`)
	const path = "/v1/onramp/orders/late"
	body := bodyOf(t, onrampRequest("late"))
	accepted := g.mustSend(http.StatusAccepted, http.MethodPut, path, body, "Prefer", "wait=2")
	require.Equal(t, "wait=2", accepted.header.Get("Preference-Applied"))
	require.Equal(t, path, accepted.header.Get("Location"))
	require.Nil(t, accepted.order.Instructions)
	order := accepted
	for order.order.Instructions == nil {
		order = g.mustSend(http.StatusOK, http.MethodGet, accepted.header.Get("Location")+"?wait=30s", "", "If-None-Match", order.header.Get("ETag"))
	}
	again := g.mustSend(http.StatusOK, http.MethodPut, path, body)
	require.Equal(t, order.order.OrderID, again.order.OrderID)
	require.Len(t, s.ledger().Orders, 1)
}

func TestGatewayStartsAnOrderOnceThoughItsClientLeaves(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	const orders = 20
	var starting errgroup.Group
	for i := range orders {
		starting.Go(func() error {
			path, body := fmt.Sprintf("/v1/onramp/orders/left-%d", i), []byte(bodyOf(t, onrampRequest(fmt.Sprintf("left-%d", i))))
			leaving, leave := context.WithTimeout(t.Context(), time.Duration(i*15)*time.Millisecond)
			defer leave()
			_, _ = g.send(leaving, http.MethodPut, path, body) // some are answered
			answer, err := g.send(t.Context(), http.MethodPut, path, body)
			switch {
			case err != nil:
				return err
			case answer.status != http.StatusOK && answer.status != http.StatusCreated || answer.order.Instructions == nil:
				return fmt.Errorf("%s is answered with %d: %s", path, answer.status, answer.body)
			}
			return nil
		})
	}
	require.NoError(t, starting.Wait())
	require.Len(t, s.ledger().Orders, orders)
}

func TestGatewayWithoutAWorkerAnswers503AndTheOrderContinues(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	g.mustSend(http.StatusCreated, http.MethodPut, "/v1/onramp/orders/before", bodyOf(t, onrampRequest("before")))
	s.stop(s.worker)

	var calls errgroup.Group
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPut, "/v1/onramp/orders/new", bodyOf(t, onrampRequest("new"))},
		{http.MethodPut, "/v1/onramp/orders/before", bodyOf(t, onrampRequest("before"))},
		{http.MethodGet, "/v1/onramp/orders/before", ""},
		{http.MethodGet, "/v1/onramp/orders/before?wait=2s", ""},
		{http.MethodGet, "/v1/onramp/orders/before/events", ""},
		{http.MethodPost, "/v1/onramp/orders/before/utr", `{"utr": "` + utrOf(1) + `"}`},
		{http.MethodPost, "/v1/onramp/orders/before/cancel", ""},
	} {
		calls.Go(func() error { return g.checkAway(t.Context(), c.method, c.path, c.body, "no worker answers") })
	}
	require.NoError(t, calls.Wait())
	require.Equal(t, http.StatusOK, g.mustSend(http.StatusOK, http.MethodGet, "/v1/orders", "").status) // needs no worker

	s.startWorker()
	for _, reference := range []string{"new", "before"} {
		eventually(t, patience, func() error {
			answer, err := g.send(t.Context(), http.MethodPut, "/v1/onramp/orders/"+reference, []byte(bodyOf(t, onrampRequest(reference))))
			if err != nil {
				return err
			}
			if answer.status != http.StatusOK {
				return fmt.Errorf("%s is answered with %d: %s", reference, answer.status, answer.body)
			}
			return nil
		})
	}
	require.Len(t, s.ledger().Orders, 2)
}

// checkAway sends a request, and returns an error unless it is answered in time with 503.
func (g *gateway) checkAway(ctx context.Context, method, path, body, says string) error {
	begun := time.Now()
	var content []byte
	if body != "" {
		content = []byte(body)
	}
	answer, err := g.send(ctx, method, path, content, "Prefer", "wait=3")
	switch {
	case err != nil:
		return fmt.Errorf("%s %s: %w", method, path, err)
	case answer.status != http.StatusServiceUnavailable || answer.header.Get("Retry-After") == "" || !strings.Contains(answer.problem.Detail, says):
		return fmt.Errorf("%s %s is answered with %d: %s", method, path, answer.status, answer.body)
	case time.Since(begun) > 45*time.Second:
		return fmt.Errorf("%s %s took %s", method, path, time.Since(begun))
	}
	return nil
}

func TestGatewayWithoutTemporalAnswers503(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	g.mustSend(http.StatusCreated, http.MethodPut, "/v1/onramp/orders/before", bodyOf(t, onrampRequest("before")))
	s.server.Kill()
	var calls errgroup.Group
	for _, c := range []struct{ method, path, body string }{
		{http.MethodPut, "/v1/onramp/orders/new", bodyOf(t, onrampRequest("new"))},
		{http.MethodGet, "/v1/onramp/orders/before", ""},
		{http.MethodGet, "/v1/onramp/orders/before?wait=2s", ""},
		{http.MethodGet, "/v1/onramp/orders/before/events", ""},
		{http.MethodGet, "/v1/orders", ""},
		{http.MethodPost, "/v1/onramp/orders/before/utr", `{"utr": "` + utrOf(1) + `"}`},
		{http.MethodPost, "/v1/onramp/orders/before/cancel", ""},
	} {
		calls.Go(func() error { return g.checkAway(t.Context(), c.method, c.path, c.body, "Temporal does not answer") })
	}
	require.NoError(t, calls.Wait())
}

func TestGatewayAnswersASlowBodyAndServesOthersMeanwhile(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	slow, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	require.NoError(t, err)
	defer slow.Close()
	_, err = fmt.Fprintf(slow, "PUT /v1/onramp/orders/slow HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{\"email\"", strings.TrimPrefix(g.url, "http://"))
	require.NoError(t, err)
	g.mustSend(http.StatusCreated, http.MethodPut, "/v1/onramp/orders/quick", bodyOf(t, onrampRequest("quick")))
	require.NoError(t, slow.SetReadDeadline(time.Now().Add(patience)))
	response, err := http.ReadResponse(bufio.NewReader(slow), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusRequestTimeout, response.StatusCode)
	g.mustSend(http.StatusNotFound, http.MethodGet, "/v1/onramp/orders/slow", "")
}

func TestGatewayKeepsTenThousandConnectionsAlive(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	g := s.startGateway()
	g.mustSend(http.StatusNotFound, http.MethodGet, "/v1/nothing", "")
	before := g.Resident()
	address := strings.TrimPrefix(g.url, "http://")
	const connections = 10_000
	kept := make([]*bufio.ReadWriter, connections)
	for i := range kept {
		connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		defer connection.Close()
		kept[i] = bufio.NewReadWriter(bufio.NewReaderSize(connection, 512), bufio.NewWriterSize(connection, 512))
		require.NoError(t, askOn(kept[i], address))
	}
	idle := g.Resident()
	g.mustSend(http.StatusCreated, http.MethodPut, "/v1/onramp/orders/inv-42", bodyOf(t, onrampRequest("inv-42")))
	for _, connection := range kept {
		require.NoError(t, askOn(connection, address))
	}
	t.Logf("%d connections take %d MiB, %d KiB each", connections, (idle-before)>>20, (idle-before)/connections>>10)
	most := int64(600 << 20)
	if len(raceFlags()) > 0 {
		most *= 5 // the race detector keeps several bytes for each byte of memory
	}
	require.Less(t, idle-before, most)
}

// askOn sends a request on a connection that is kept, and reads the answer.
func askOn(connection *bufio.ReadWriter, host string) error {
	if _, err := fmt.Fprintf(connection, "GET /v1/nothing HTTP/1.1\r\nHost: %s\r\n\r\n", host); err != nil {
		return err
	}
	if err := connection.Flush(); err != nil {
		return err
	}
	response, err := http.ReadResponse(connection.Reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotFound || response.Close {
		return fmt.Errorf("it is answered with %d, and closed: %t", response.StatusCode, response.Close)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
