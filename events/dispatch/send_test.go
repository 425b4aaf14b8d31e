package dispatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"gocloud.dev/pubsub"

	"rampart/events"
	"rampart/events/dispatch"
	"rampart/events/message"
	"rampart/ramp"
)

func TestEventArrivesAsASignedCloudEvent(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	})
	d := to(t, server.URL+"/hook?key=1")

	require.NoError(t, d.Send(t.Context(), "shop", "", changed(7)))

	require.Equal(t, "/hook?key=1", got.URL.String())
	require.Equal(t, http.MethodPost, got.Method)
	require.Equal(t, message.ContentType, got.Header.Get("Content-Type"))
	require.Equal(t, changed(7).ID, got.Header.Get("webhook-id"))
	verifier, err := webhooks.NewWebhook(oldSecret)
	require.NoError(t, err)
	require.NoError(t, verifier.Verify(body, got.Header))
	read, err := message.Read(body)
	require.NoError(t, err)
	require.Equal(t, changed(7), read)
}

func TestSecretsAreRotatedWithoutARefusedEvent(t *testing.T) {
	t.Parallel()
	var known atomic.Value
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		verifier, err := webhooks.NewWebhook(known.Load().(string))
		if err != nil || verifier.Verify(body, r.Header) != nil {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	with := func(secrets string) string {
		return "endpoints: [{name: shop, url: \"" + server.URL + "\", allowPrivate: true, secrets: [" + secrets + "]}]"
	}
	f := newFile(t, with(oldSecret))
	d, _ := f.open()
	known.Store(oldSecret)
	require.NoError(t, d.Send(t.Context(), "shop", "", changed(1)))
	f.write(with(oldSecret + ", " + newSecret))
	require.NoError(t, d.Send(t.Context(), "shop", "", changed(2)))
	known.Store(newSecret)
	require.NoError(t, d.Send(t.Context(), "shop", "", changed(3)))
	f.write(with(newSecret))
	require.NoError(t, d.Send(t.Context(), "shop", "", changed(4)))
	known.Store(oldSecret)
	var refused *events.RefusedError
	require.ErrorAs(t, d.Send(t.Context(), "shop", "", changed(5)), &refused)
	require.Equal(t, "HTTP 401", refused.Problem)
}

func TestAnswerDecidesWhetherAnEventIsSentAgain(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]events.RefusedError{
		400: {Problem: "HTTP 400"}, 404: {Problem: "HTTP 404"}, 408: {Problem: "HTTP 408"}, 410: {Problem: "HTTP 410", Gone: true},
		425: {Problem: "HTTP 425"}, 429: {Problem: "HTTP 429", RetryAfter: 90 * time.Second},
		503: {Problem: "HTTP 503", RetryAfter: 24 * time.Hour}, 500: {Problem: "HTTP 500"},
		301: {Problem: "HTTP 301, and redirects are not followed"}, 307: {Problem: "HTTP 307, and redirects are not followed"},
	} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Errorf("a redirect is followed")
			}
			switch status {
			case 429:
				w.Header().Set("Retry-After", "90")
			case 503:
				w.Header().Set("Retry-After", time.Now().AddDate(0, 1, 0).UTC().Format(http.TimeFormat))
			case 500:
				w.Header().Set("Retry-After", "soon")
			case 301, 307:
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "hunter2")
		})
		err := to(t, server.URL).Send(t.Context(), "shop", "", changed(1))
		var refused *events.RefusedError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, want, *refused)
		requireQuiet(t, err, "hunter2", "127.0.0.1")
	}
	for _, status := range []int{200, 201, 202, 204, 299} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		require.NoError(t, to(t, server.URL).Send(t.Context(), "shop", "", changed(1)))
	}
}

func TestEndlessAnswerEndsWithItsStatus(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 16<<10)); err != nil {
				return
			}
		}
	})
	require.NoError(t, to(t, server.URL).Send(t.Context(), "shop", "", changed(1)))
}

func TestAnswerThatDoesNotComeEndsWithTheContext(t *testing.T) {
	t.Parallel()
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := to(t, server.URL).Send(ctx, "shop", "", changed(1))
	requireQuiet(t, err, "127.0.0.1")
	require.ErrorContains(t, err, "does not answer in time")
}

func TestNoAnswerOfHTTPIsNoRefusalAndIsNotQuoted(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(connection, "SSH-2.0-hunter2\r\n\r\n")
			_ = connection.Close()
		}
	}()
	err = to(t, "http://"+listener.Addr().String()).Send(t.Context(), "shop", "", changed(1))
	requireQuiet(t, err, "hunter2", listener.Addr().String())
	var refused *events.RefusedError
	require.False(t, errors.As(err, &refused))
}

func TestConnectionIsUsedAgain(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("a", 1000)) })
	d := to(t, server.URL)
	var reused []bool
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = append(reused, info.Reused) }})
	require.NoError(t, d.Send(ctx, "shop", "", changed(1)))
	require.NoError(t, d.Send(ctx, "shop", "", changed(2)))
	require.Equal(t, []bool{false, true}, reused)
}

// Names that resolve to addresses of this machine or of a private network are refused when the connection is made, whatever was resolved
// before. Hosts files have one such name on every system.
func TestNameOfAPrivateAddressIsRefusedWhenItIsDialled(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"127.0.0.1:443", "[::1]:443", "10.0.0.1:443", "169.254.169.254:443", "100.64.0.1:443", "[fd00::1]:443", "localhost:443"} {
		client := dispatch.PublicClient()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+network+"/", http.NoBody)
		require.NoError(t, err)
		_, err = client.Do(request) //nolint:bodyclose // there is no answer
		require.ErrorContains(t, err, "not permitted", network)
	}
}

func TestHTTPGoesToThisMachineAloneWhateverItsNameResolvesTo(t *testing.T) {
	t.Parallel()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://10.0.0.1/", http.NoBody)
	require.NoError(t, err)
	_, err = dispatch.LocalClient().Do(request) //nolint:bodyclose // there is no answer
	require.ErrorContains(t, err, "not permitted")
}

func TestPrivateHTTPSNeedsAValidCertificateToo(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	err := to(t, server.URL).Send(t.Context(), "shop", "", changed(1))
	requireQuiet(t, err)
	require.ErrorContains(t, err, "its certificate is not valid")
}

func TestEnvironmentsProxyIsNotUsed(t *testing.T) {
	t.Parallel()
	require.Nil(t, dispatch.PublicClient().Transport.(*http.Transport).Proxy)
}

func TestEventOfAnOrderGoesToTheOrdersURL(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 1)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { paths <- r.URL.RequestURI() })
	f := newFile(t, fmt.Sprintf("endpoints: [{name: tenants, url: %q, perOrder: true, allowPrivate: true, secrets: [%s]}]", server.URL+"/tenants", oldSecret))
	d, _ := f.open()
	require.NoError(t, d.Send(t.Context(), "tenants", ramp.Personal(server.URL+"/tenants/7?token=hunter2"), changed(1)))
	require.Equal(t, "/tenants/7?token=hunter2", <-paths)

	for _, target := range []ramp.Personal{"", ramp.Personal(server.URL + "/admin?token=hunter2")} {
		err := d.Send(t.Context(), "tenants", target, changed(1))
		requireQuiet(t, err, "hunter2")
		require.ErrorContains(t, err, "does not take the order's URL")
	}
	requireQuiet(t, d.Send(t.Context(), "absent", "", changed(1)))
}

func TestEventForAnOrdersURLGoesToNoEndpointThatIsNotPerOrder(t *testing.T) {
	t.Parallel()
	requests := make(chan string, 1)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { requests <- r.URL.RequestURI() })
	const queue = "mem://lake-without-orders"
	f := newFile(t, fmt.Sprintf("endpoints: [{name: tenants, url: %q, allowPrivate: true, secrets: [%s]}, {name: lake, url: %q}]",
		server.URL+"/tenants", oldSecret, queue))
	d, _ := f.open()
	topic, err := pubsub.OpenTopic(t.Context(), queue) // the topic must exist before its subscription
	require.NoError(t, err)
	t.Cleanup(func() { _ = topic.Shutdown(context.Background()) })
	subscription, err := pubsub.OpenSubscription(t.Context(), queue)
	require.NoError(t, err)
	t.Cleanup(func() { _ = subscription.Shutdown(context.Background()) })

	for _, endpoint := range []string{"tenants", "lake"} {
		err := d.Send(t.Context(), endpoint, ramp.Personal(server.URL+"/tenants/7?token=hunter2"), changed(1))
		requireQuiet(t, err, "hunter2")
		require.ErrorContains(t, err, "the file of endpoints has changed since the order began")
	}
	require.Empty(t, requests)
	require.NoError(t, d.Send(t.Context(), "lake", "", changed(2)))
	first, err := subscription.Receive(t.Context())
	require.NoError(t, err)
	first.Ack()
	want, err := message.Body("orders", changed(2))
	require.NoError(t, err)
	require.Equal(t, want, first.Body)
}

func TestEventWithoutIDIsRefusedForGood(t *testing.T) {
	t.Parallel()
	var refused *events.RefusedError
	require.ErrorAs(t, to(t, "http://127.0.0.1:1/").Send(t.Context(), "shop", "", ramp.Event{}), &refused)
	require.True(t, refused.Permanent)
}

func TestQueueGetsTheSameBodyWithIDAndTypeAsAttributes(t *testing.T) {
	t.Parallel()
	d, _ := newFile(t, "endpoints: [{name: lake, url: \"mem://lake-of-events.fifo\"}]").open()
	topic, err := pubsub.OpenTopic(t.Context(), "mem://lake-of-events.fifo") // the topic must exist before its subscription
	require.NoError(t, err)
	t.Cleanup(func() { _ = topic.Shutdown(context.Background()) })
	subscription, err := pubsub.OpenSubscription(t.Context(), "mem://lake-of-events.fifo")
	require.NoError(t, err)
	t.Cleanup(func() { _ = subscription.Shutdown(context.Background()) })

	require.NoError(t, d.Send(t.Context(), "lake", "", changed(7)))

	got, err := subscription.Receive(t.Context())
	require.NoError(t, err)
	got.Ack()
	require.Equal(t, map[string]string{
		"id": changed(7).ID, "type": string(ramp.StatusChanged), "content-type": message.ContentType,
		"MessageGroupId": "onramp/inv-42", "DeduplicationId": changed(7).ID,
	}, got.Metadata)
	want, err := message.Body("orders", changed(7))
	require.NoError(t, err)
	require.Equal(t, want, got.Body)
	require.True(t, json.Valid(got.Body))
}
