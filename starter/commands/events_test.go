package commands_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/events/message"
	"rampart/internal/redact"
	"rampart/ramp"
)

const eventSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func signedEvent(t *testing.T, at time.Time) (body string, header http.Header) {
	t.Helper()
	event := ramp.Event{
		ID: "0199-7-status_changed", Type: ramp.StatusChanged, Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.Completed, Version: 7,
		At: time.Date(2026, 11, 27, 10, 30, 0, 0, time.UTC),
	}
	document, err := message.Body("orders", event)
	require.NoError(t, err)
	header = http.Header{"Content-Type": {message.ContentType}}
	require.NoError(t, message.Sign(header, []redact.Secret{eventSecret}, event.ID, at, document))
	return string(document), header
}

func TestVerifySaysWhetherASignatureIsValidAndWhyNot(t *testing.T) {
	t.Parallel()
	body, header := signedEvent(t, time.Now())
	verify := func(body string, more ...string) result {
		x := with()
		x.stdin = body
		return x.run(t, append([]string{
			"events", "verify", "--id", header.Get("webhook-id"), "--timestamp", header.Get("webhook-timestamp"),
			"--signature", header.Get("webhook-signature"),
		}, more...)...)
	}

	valid := verify(body, "--secret-file", file(t, eventSecret+"\n"))
	require.Zero(t, valid.code, valid.stderr)
	require.Equal(t, "The signature is valid.\n", valid.stdout)

	changed := verify(body+" ", "--secret", eventSecret, "-o", "json")
	require.Equal(t, 1, changed.code)
	require.JSONEq(t, `{"valid": false, "reason": "`+message.ErrSignature.Error()+`"}`, changed.stdout)

	old, oldHeader := signedEvent(t, time.Now().Add(-time.Hour))
	header = oldHeader
	require.Contains(t, verify(old, "--secret", eventSecret).stderr, message.ErrTooOld.Error())
	require.Zero(t, verify(old, "--secret", eventSecret, "--any-age").code)

	for _, wrong := range [][]string{{}, {"--secret", "MfKQ9r8G"}, {"--secret-file", "absent"}, {"--secret", eventSecret, "--secret-file", "a"}} {
		ran := verify(old, wrong...)
		require.NotZero(t, ran.code, wrong)
		require.NotContains(t, ran.stderr, "MfKQ9r8G")
	}
}

// listening is a running starter events listen.
type listening struct {
	url    string
	stdout *io.PipeReader
	ended  chan result
}

func listen(t *testing.T, arguments ...string) listening {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	x := with()
	x.tee = writer
	l := listening{stdout: reader, ended: make(chan result, 1)}
	go func() {
		l.ended <- x.runFor(ctx, append([]string{"events", "listen", "--port", "0"}, arguments...)...)
		_ = writer.Close()
	}()
	t.Cleanup(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, reader) }()
		require.Zero(t, (<-l.ended).code)
	})
	l.url = regexp.MustCompile(`http://127\.0\.0\.1:\d+/`).FindString(l.line(t))
	require.NotEmpty(t, l.url)
	return l
}

// line returns the next line that the command prints.
func (l listening) line(t *testing.T) string {
	t.Helper()
	var line strings.Builder
	for b := make([]byte, 1); b[0] != '\n'; {
		_, err := l.stdout.Read(b)
		require.NoError(t, err)
		line.Write(b)
	}
	return line.String()
}

// post sends a request, and returns a channel that gets the answer, which the command gives only once its line is read.
func (l listening) post(t *testing.T, body string, header http.Header) <-chan *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.url, strings.NewReader(body))
	require.NoError(t, err)
	request.Header = header
	answered := make(chan *http.Response, 1)
	go func() {
		defer close(answered)
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			answered <- answer
		}
	}()
	return answered
}

func TestListenForwardsEventsAsTheyAreAndAnswersAsTheBackendDoes(t *testing.T) {
	t.Parallel()
	body, header := signedEvent(t, time.Now())
	got := make(chan *http.Request, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		if string(content) == body && message.Verify(r.Header, eventSecret, content, false) == nil {
			got <- r
		}
		w.Header().Set("Retry-After", "7")
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}))
	defer backend.Close()
	l := listen(t, "--forward-to", backend.URL+"/hook", "--secret", eventSecret)

	answered := l.post(t, body, header)
	line := l.line(t)
	answer := <-answered

	require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	require.Equal(t, "7", answer.Header.Get("Retry-After"))
	require.Equal(t, "/hook", (<-got).URL.Path)
	require.Contains(t, line, "status_changed  onramp/inv-42  completed  version 7  503")

	answered = l.post(t, body+" ", header)
	require.Contains(t, l.line(t), message.ErrSignature.Error())
	require.Equal(t, http.StatusUnauthorized, (<-answered).StatusCode)
	require.Empty(t, got, "a forged request is not forwarded")
}

func TestListenAloneTakesEveryEventAndNothingElse(t *testing.T) {
	t.Parallel()
	l := listen(t)
	body, header := signedEvent(t, time.Now())
	for _, sent := range []string{body, "no event", `{"specversion":"1.0","id":"1","source":"a","type":"b","data":{"direction":"x","reference":"y"}}`} {
		answered := l.post(t, sent, header)
		require.Contains(t, l.line(t), "204")
		require.Equal(t, http.StatusNoContent, (<-answered).StatusCode)
	}
	answer, err := http.Get(l.url)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
	require.NotZero(t, with().run(t, "events", "listen", "--forward-to", "localhost:3000").code)
}

func TestListenPrintsJSONLines(t *testing.T) {
	t.Parallel()
	l := listen(t, "-o", "json", "--secret", eventSecret)
	body, header := signedEvent(t, time.Now())
	answered := l.post(t, body, header)
	var line struct {
		Signature string
		Event     ramp.Event
		Answer    int
	}
	require.NoError(t, json.Unmarshal([]byte(l.line(t)), &line))
	require.Equal(t, http.StatusNoContent, (<-answered).StatusCode)
	require.Equal(t, "valid", line.Signature)
	require.Equal(t, http.StatusNoContent, line.Answer)
	require.Equal(t, ramp.Completed, line.Event.Status)
}

func someDeliveries() *terminal {
	x := with()
	runs := 0
	one := func(version, endpoint string, state ramp.DeliveryState) ramp.Delivery {
		runs++
		return ramp.Delivery{
			ID: "event/onramp/inv-42/0199/" + version + "/" + endpoint, RunID: fmt.Sprint(runs), WorkflowID: "onramp/inv-42", Endpoint: endpoint, State: state,
			StartedAt: at(6, 0, 0),
		}
	}
	x.fake.deliveries = []ramp.Delivery{
		one("9", "shop", ramp.Delivering), one("7", "shop", ramp.DeliveryFailed), one("7", "lake", ramp.DeliveryFailed),
		one("5", "shop", ramp.Delivered), // resent since it failed
		one("under-way", "shop", ramp.DeliveryFailed), one("3", "shop", ramp.DeliveryFailed), one("3", "shop", ramp.DeliveryFailed),
		one("5", "shop", ramp.DeliveryFailed), one("1", "shop", ramp.Delivered),
	}
	x.fake.disabled = []string{"shop"}
	return x
}

func TestDeliveriesAreListedByStateAndEndpoint(t *testing.T) {
	t.Parallel()
	ran := someDeliveries().run(t, "events", "list", "--failed", "--endpoint", "lake")
	require.Zero(t, ran.code, ran.stderr)
	require.Contains(t, ran.stdout, "Endpoint shop is disabled, because it answered 410: bin/starter events enable shop")
	require.Regexp(t, `lake +onramp/inv-42 +failed +23 Nov 11:30:00 +7 +the endpoint refused an event for good +event/onramp/inv-42/0199/7/lake`, ran.stdout)
	require.NotContains(t, ran.stdout, "/shop")

	listed := decoded[struct {
		Deliveries []ramp.Delivery
		Disabled   []string
	}](t, someDeliveries().run(t, "events", "list", "-o", "json", "--limit", "2").stdout)
	require.Len(t, listed.Deliveries, 2)
	require.Equal(t, []string{"shop"}, listed.Disabled)
	require.Equal(t, ramp.EventNotDelivered, listed.Deliveries[0].Failure)
	require.Regexp(t, `delivering .* 7 +the endpoint did not take an event; again at 12:30:00 `, someDeliveries().run(t, "events", "list").stdout)
	require.NotContains(t, someDeliveries().run(t, "events", "list", "--failed").stdout, "/5/shop", "it was delivered since")
	require.Contains(t, someDeliveries().run(t, "events", "list", "--limit", "2").stdout, "There are more deliveries")
	require.Equal(t, "No deliveries.\n", with().run(t, "events", "list").stdout)
}

func TestFailedDeliveriesAreSentAgainOnceEachAndTheOldestFirst(t *testing.T) {
	t.Parallel()
	x := someDeliveries()
	ran := x.run(t, "events", "resend", "--failed", "--endpoint", "shop")
	require.Zero(t, ran.code, ran.stderr)
	require.Equal(t, []string{"resend event/onramp/inv-42/0199/3/shop", "resend event/onramp/inv-42/0199/7/shop"}, x.fake.calls)
	require.Contains(t, ran.stdout, "sent again: 2")
}

func TestFailedDeliveriesOfAnOrderAreSentAgainInTheOrderOfItsChanges(t *testing.T) {
	t.Parallel()
	x := someDeliveries()
	later := x.fake.deliveries[1] // version 7 failed at once, while version 3 was still tried
	earlier := x.fake.deliveries[5]
	later.StartedAt = at(6, 30, 0)
	x.fake.deliveries = []ramp.Delivery{earlier, later}
	require.Zero(t, x.run(t, "events", "resend", "--failed").code)
	require.Equal(t, []string{"resend event/onramp/inv-42/0199/3/shop", "resend event/onramp/inv-42/0199/7/shop"}, x.fake.calls)
}

func TestOneDeliveryIsSentAgainByItsID(t *testing.T) {
	t.Parallel()
	x := someDeliveries()
	require.Zero(t, x.run(t, "events", "resend", "event/onramp/inv-42/0199/1/shop").code)
	require.Equal(t, []string{"resend event/onramp/inv-42/0199/1/shop"}, x.fake.calls)
	require.Equal(t, 1, x.run(t, "events", "resend", "event/under-way").code)
	for _, wrong := range [][]string{{}, {"a", "b"}, {"a", "--failed"}, {"a", "--endpoint", "shop"}} {
		require.Equal(t, 2, x.run(t, append([]string{"events", "resend"}, wrong...)...).code, wrong)
	}
}

func TestEndpointIsEnabled(t *testing.T) {
	t.Parallel()
	x := someDeliveries()
	require.Zero(t, x.run(t, "events", "enable", "shop").code)
	require.Equal(t, []string{"enable shop"}, x.fake.calls)
	x.fake.err = &ramp.Error{Type: ramp.NotFound, Message: "no endpoint of this name is disabled"}
	require.Contains(t, x.run(t, "events", "enable", "shop").stderr, "no endpoint of this name is disabled")
}
