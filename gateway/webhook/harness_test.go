package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"rampart/gateway/webhook"
	"rampart/onmeta"
	"rampart/ramp"
)

const (
	secret  = onmeta.Secret("merchant-secret")
	orderID = "650000000000000000000001"
)

// onramp is the body of a webhook about the order inv-42, as the provider documents it (provider 5.3).
func onramp(status string) string {
	return `{"fiat":1000,"receiverWalletAddress":"0x1111111111111111111111111111111111111111","buyTokenSymbol":"USDC","orderId":"` + orderID +
		`","status":"` + status + `","currency":"INR","chainId":137,"customer":{"email":"asha@example.test","phone":{}},` +
		`"eventType":"onramp","metaData":{"reference":"inv-42","invoice":"42"}}`
}

// offramp is the body of a webhook about the order wd-7 (provider 5.4).
func offramp(status string) string {
	return `{"fiat":445.4,"sellTokenSymbol":"USDC","chainId":137,"orderId":"` + orderID + `","status":"` + status +
		`","currency":"INR","transactionId":"TRAREF0000000001","tokensDeducted":5,"tds":4.45,"eventType":"offramp","metaData":{"reference":"wd-7"}}`
}

// kyc is the body of a webhook about a user (provider 6).
func kyc(name, email string) string {
	return `{"success":true,"message":"","createdAt":"2026-01-10T10:00:00.000Z","email":"` + email + `","eventName":"` + name + `"}`
}

// told is a hint that an order got.
type told struct {
	ID   ramp.ID
	Hint ramp.Hint
}

// orders are the orders that a test's gateway knows.
type orders struct {
	mu    sync.Mutex
	known []ramp.Summary
	users map[ramp.ID]ramp.Email
	// away is what every call returns while Temporal is away.
	away error
	// blocked keeps hints waiting until it is closed.
	blocked chan struct{}

	told  []told
	calls int
	asked int
}

func running(direction ramp.Direction, reference, orderID string) ramp.Summary {
	return ramp.Summary{Direction: direction, Reference: reference, OrderID: orderID, Running: true}
}

func (o *orders) begin() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	return o.away
}

func (o *orders) Summary(_ context.Context, id ramp.ID) (ramp.Summary, error) {
	if err := o.begin(); err != nil {
		return ramp.Summary{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, order := range o.known {
		if order.Reference == id.Reference && order.Direction == id.Direction {
			return order, nil
		}
	}
	return ramp.Summary{}, &ramp.Error{Type: ramp.NotFound}
}

func (o *orders) List(_ context.Context, filter ramp.Filter) iter.Seq2[ramp.Summary, error] {
	return func(yield func(ramp.Summary, error) bool) {
		if err := o.begin(); err != nil {
			yield(ramp.Summary{}, err)
			return
		}
		o.mu.Lock()
		known := slices.Clone(o.known)
		o.mu.Unlock()
		for _, order := range known {
			selected := (filter.OrderID == "" || order.OrderID == filter.OrderID) && (filter.Direction == "" || order.Direction == filter.Direction)
			if selected && !yield(order, nil) {
				return
			}
		}
	}
}

func (o *orders) IsUser(_ context.Context, id ramp.ID, email ramp.Email) (bool, error) {
	err := o.begin()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	if o.users[id] == "" {
		return false, errors.New("this order does not answer")
	}
	return o.users[id] == email, err
}

func (o *orders) Hint(ctx context.Context, id ramp.ID, hint ramp.Hint) error {
	if err := o.begin(); err != nil {
		return err
	}
	if o.blocked != nil {
		select {
		case <-o.blocked:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, told{id, hint})
	return nil
}

// gateway is a Handler under test.
type gateway struct {
	t       testing.TB
	handler *webhook.Handler
	orders  *orders
	reader  *sdkmetric.ManualReader
}

func start(t testing.TB, known *orders) *gateway {
	t.Helper()
	return startWith(t, known, secret)
}

func startWith(t testing.TB, known *orders, secret onmeta.Secret) *gateway {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test")
	g := &gateway{t: t, orders: known, reader: reader,
		handler: webhook.New(webhook.Options{Secret: func() onmeta.Secret { return secret }, Orders: known, Meter: meter})}
	return g
}

// send delivers a webhook with its signature, and returns the status of the answer.
func (g *gateway) send(path, body string) int {
	return g.deliver(path, body, onmeta.SignWebhook(secret, []byte(body)))
}

func (g *gateway) deliver(path, body, signature string) int {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Header.Set("X-Onmeta-Signature", signature)
	answer := httptest.NewRecorder()
	g.handler.ServeHTTP(answer, request)
	return answer.Code
}

// done waits for everything that was received, and returns the hints. The gateway takes nothing more.
func (g *gateway) done() []told {
	g.handler.Close(context.Background())
	g.orders.mu.Lock()
	defer g.orders.mu.Unlock()
	return g.orders.told
}

// counts returns the results of the webhooks of a kind that are not zero.
func (g *gateway) counts(kind string) map[string]int64 {
	g.t.Helper()
	var read metricdata.ResourceMetrics
	require.NoError(g.t, g.reader.Collect(context.Background(), &read))
	counted := map[string]int64{}
	for _, point := range read.ScopeMetrics[0].Metrics[0].Data.(metricdata.Sum[int64]).DataPoints {
		of, _ := point.Attributes.Value("kind")
		result, _ := point.Attributes.Value("result")
		if of.AsString() == kind && point.Value > 0 {
			counted[result.AsString()] = point.Value
		}
	}
	return counted
}

func hint(t testing.TB, text string) ramp.Hint {
	t.Helper()
	var h ramp.Hint
	require.NoError(t, json.Unmarshal([]byte(text), &h))
	return h
}
