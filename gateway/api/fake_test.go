package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"rampart/gateway/api"
	"rampart/ramp"
)

// fake is a backend's orders: one order, and an error that every call returns if it is set.
type fake struct {
	order  *ramp.Order
	err    error
	exists bool
	// hangs makes every call wait for the end of its context.
	hangs bool
	// panics makes every call panic.
	panics bool

	started  []any
	sent     any
	called   ramp.ID
	after    int64
	filter   ramp.Filter
	limit    int32
	cursor   string
	deadline time.Duration
	states   []*ramp.Order
}

func (f *fake) answer(ctx context.Context, id ramp.ID, sent any) (*ramp.Order, error) {
	f.called, f.sent = id, sent
	if end, bounded := ctx.Deadline(); bounded {
		f.deadline = time.Until(end)
	}
	if f.panics {
		panic("hunter2@nobody.test")
	}
	if f.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return f.order, f.err
}

func (f *fake) Exists(context.Context, ramp.ID) (bool, error) { return f.exists, nil }

func (f *fake) StartOnramp(ctx context.Context, r ramp.OnrampRequest) (*ramp.Order, error) {
	f.started = append(f.started, r)
	return f.answer(ctx, ramp.ID{Direction: ramp.Onramp, Reference: r.Reference}, r)
}

func (f *fake) StartOfframp(ctx context.Context, r ramp.OfframpRequest) (*ramp.Order, error) {
	f.started = append(f.started, r)
	return f.answer(ctx, ramp.ID{Direction: ramp.Offramp, Reference: r.Reference}, r)
}

func (f *fake) Get(ctx context.Context, id ramp.ID) (*ramp.Order, error) {
	if ramp.IsError(f.err, ramp.NotReady) {
		return f.order, nil
	}
	return f.answer(ctx, id, nil)
}

func (f *fake) Wait(ctx context.Context, id ramp.ID, after int64) (*ramp.Order, error) {
	f.after = after
	return f.answer(ctx, id, nil)
}

func (f *fake) Watch(ctx context.Context, _ ramp.ID) iter.Seq2[*ramp.Order, error] {
	return func(yield func(*ramp.Order, error) bool) {
		for _, state := range f.states {
			if !yield(state, nil) {
				return
			}
		}
		if f.hangs {
			<-ctx.Done()
			yield(nil, ctx.Err())
		}
	}
}

func (f *fake) SubmitUTR(ctx context.Context, reference, utr string) (*ramp.Order, error) {
	return f.answer(ctx, ramp.ID{Direction: ramp.Onramp, Reference: reference}, utr)
}

func (f *fake) SubmitTransactionHash(ctx context.Context, reference, hash string) (*ramp.Order, error) {
	return f.answer(ctx, ramp.ID{Direction: ramp.Offramp, Reference: reference}, hash)
}

func (f *fake) SubmitKYC(ctx context.Context, id ramp.ID, dossier string) (*ramp.Order, error) {
	return f.answer(ctx, id, dossier)
}

func (f *fake) SubmitAccount(ctx context.Context, id ramp.ID, account ramp.AccountSubmission) (*ramp.Order, error) {
	return f.answer(ctx, id, account)
}

func (f *fake) ConfirmQuote(ctx context.Context, id ramp.ID, quoteID string) (*ramp.Order, error) {
	return f.answer(ctx, id, quoteID)
}

func (f *fake) Cancel(ctx context.Context, id ramp.ID) (*ramp.Order, error) {
	return f.answer(ctx, id, nil)
}

func (f *fake) Reorder(ctx context.Context, r ramp.ReorderRequest) (*ramp.Order, error) {
	return f.answer(ctx, ramp.ID{Direction: ramp.Onramp, Reference: r.Reference}, r)
}

func (f *fake) ListPage(ctx context.Context, filter ramp.Filter, limit int32, cursor string) (*ramp.Page, error) {
	f.filter, f.limit, f.cursor = filter, limit, cursor
	if _, err := f.answer(ctx, ramp.ID{}, nil); err != nil {
		return nil, err
	}
	return &ramp.Page{Orders: []ramp.Summary{{Reference: "inv-42"}}, NextCursor: "next"}, nil
}

// CheckHealth answers as Temporal does, or does not.
func (f *fake) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	return nil, errors.New("away")
}

// silent is a Temporal service that knows no order and answers no start before the caller's time is over.
type silent struct{ client.Client }

func (silent) DescribeWorkflow(context.Context, string, string) (*client.WorkflowExecutionDescription, error) {
	return nil, serviceerror.NewNotFound("no such workflow")
}

func (silent) NewWithStartWorkflowOperation(client.StartWorkflowOptions, any, ...any) client.WithStartWorkflowOperation {
	return nil
}

func (silent) UpdateWithStartWorkflow(ctx context.Context, _ client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func awaiting(version int64) *ramp.Order {
	return &ramp.Order{
		Reference: "inv-42", Direction: ramp.Onramp, Status: ramp.AwaitingPayment, OrderID: "ord-1", Version: version,
		Timeline: []ramp.TimelineEntry{},
	}
}

// call is a request to the API.
type call struct {
	method, path, body string
	headers            map[string]string
}

// handle serves a request with an API of these orders.
func handle(t *testing.T, f *fake, c call) *httptest.ResponseRecorder {
	t.Helper()
	return serve(t, api.New(api.Options{Orders: f}), c)
}

func serve(t *testing.T, handler http.Handler, c call) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// problemOf decodes a problem, and requires that it is one.
func problemOf(t *testing.T, w *httptest.ResponseRecorder) api.Problem {
	t.Helper()
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"), w.Body.String())
	var p api.Problem
	require.NoError(t, json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&p))
	require.Equal(t, w.Code, p.Status)
	require.Equal(t, "urn:rampart:error:"+string(p.ErrorType), p.Type)
	require.Equal(t, w.Header().Get("X-Request-Id"), p.RequestID)
	require.NotEmpty(t, p.Title)
	require.NotEmpty(t, p.Detail)
	require.NotEmpty(t, p.Next)
	return p
}

const (
	onrampBody = `{"email": "asha@example.test", "fiat": {"amount": "1000.00", "currency": "INR"},
		"token": {"symbol": "USDC", "address": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "chainId": 137},
		"walletAddress": "0x1111111111111111111111111111111111111111", "paymentMethod": "INR_UPI",
		"upi": {"id": "asha@okbank", "name": "Asha Rao"}}`
	offrampBody = `{"email": "asha@example.test", "tokenAmount": "100.00", "fiat": {"currency": "INR"},
		"token": {"symbol": "USDC", "address": "0x3c499c542cef5e3811e1192ce70d8cc03d5c3359", "chainId": 137},
		"senderWallet": "0x3333333333333333333333333333333333333333", "refundWallet": "0x3333333333333333333333333333333333333333",
		"bank": {"accountName": "Asha Rao", "accountNumber": "50100000004821", "ifsc": "HDFC0001234"}}`
)

func putOnramp() call {
	return call{method: http.MethodPut, path: "/v1/onramp/orders/inv-42", body: onrampBody}
}
