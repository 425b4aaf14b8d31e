package api_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"rampart/gateway/api"
	"rampart/internal/bearer"
	"rampart/ramp"
)

func TestEveryTypeOfErrorHasItsStatus(t *testing.T) {
	t.Parallel()
	statuses := map[ramp.ErrorType]int{
		ramp.InvalidRequest: 422, ramp.Unencrypted: 500, ramp.Unreadable: 500, ramp.ReferenceTaken: 409, ramp.NotFound: 404,
		ramp.OrderOver: 409, ramp.NotAwaited: 409, ramp.ProofRefused: 422, ramp.KYCRefused: 422, ramp.AccountRefused: 422,
		ramp.ProofConflict: 409, ramp.ProofLimit: 409, ramp.QuoteMismatch: 409, ramp.CancelRefused: 409, ramp.NotReady: 503,
	}
	require.Len(t, statuses, len(ramp.ErrorTypes()))
	for _, errorType := range ramp.ErrorTypes() {
		order := awaiting(7)
		failure := &ramp.Error{
			Type: errorType, Reference: "inv-42", Message: "it is so", Order: order,
			Fields: []ramp.FieldError{{Field: "email", Problem: "must be given"}},
		}
		w := handle(t, &fake{order: nil, err: fmt.Errorf("wrapped: %w", failure)}, call{method: http.MethodGet, path: "/v1/orders"})
		p := problemOf(t, w)
		require.Equal(t, statuses[errorType], w.Code, errorType)
		require.Equal(t, errorType, p.ErrorType)
		require.Equal(t, "it is so", p.Detail)
		require.Equal(t, "inv-42", p.Reference)
		require.Equal(t, "ord-1", p.OrderID)
		require.Equal(t, order, p.Order)
		require.Equal(t, failure.Fields, p.Fields)
		require.Equal(t, w.Code == 503, w.Header().Get("Retry-After") != "", errorType)
	}
}

// A type of the package that has no kind would be answered as a defect.
func TestEveryTypeOfTheGatewaysErrorsHasAKind(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "problems.go", nil, 0)
	require.NoError(t, err)
	found := 0
	ast.Inspect(file, func(n ast.Node) bool {
		spec, isValue := n.(*ast.ValueSpec)
		if !isValue || spec.Type == nil || len(spec.Values) != 1 {
			return true
		}
		name, isText := spec.Values[0].(*ast.BasicLit)
		if !isText {
			return true
		}
		found++
		errorType, err := strconv.Unquote(name.Value)
		require.NoError(t, err)
		p := problemOf(t, handle(t, &fake{err: &ramp.Error{Type: ramp.ErrorType(errorType), Message: "so"}}, call{method: http.MethodGet, path: "/v1/orders"}))
		require.Equal(t, errorType == string(api.Internal), p.Title == "The gateway failed", errorType)
		return true
	})
	require.Equal(t, 9, found)
}

func TestTheCatalogueHasTheStatusOfEveryType(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/reference/errors.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(page), "## Over HTTP")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (\\d+) \\|").FindAllStringSubmatch(section, -1)
	require.Len(t, rows, len(ramp.ErrorTypes())+9)
	for _, row := range rows {
		p := problemOf(t, handle(t, &fake{err: &ramp.Error{Type: ramp.ErrorType(row[1]), Message: "so"}}, call{method: http.MethodGet, path: "/v1/orders"}))
		require.Equal(t, row[2], strconv.Itoa(p.Status), row[1])
		require.Equal(t, row[1] == string(api.Internal), p.Title == "The gateway failed")
	}
}

func TestWhoDoesNotAnswerIs503(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		serviceerror.NewUnavailable("connection refused"), serviceerror.NewDeadlineExceeded("late"), serviceerror.NewResourceExhausted(0, "busy"),
		serviceerror.NewWorkflowNotReady("no task yet"), serviceerror.NewFailedPrecondition("no poller seen for task queue recently"),
		fmt.Errorf("order inv-42: %w", context.DeadlineExceeded),
	} {
		p := problemOf(t, handle(t, &fake{err: err}, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42"}))
		require.Equal(t, api.Unavailable, p.ErrorType, err)
		require.Contains(t, p.Detail, "no worker answers")
		require.Equal(t, "inv-42", p.Reference)
		require.Equal(t, ramp.Onramp, p.Direction)
	}
	f := &fake{err: serviceerror.NewUnavailable("connection refused")}
	p := problemOf(t, serve(t, api.New(api.Options{Orders: f, Temporal: f}), putOnramp()))
	require.Contains(t, p.Detail, "Temporal does not answer")
}

// answers is a Temporal that is well.
type answers struct{}

func (answers) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	return &client.CheckHealthResponse{}, nil
}

func TestADefectIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fake{
		"error": {err: errors.New("hunter2")}, "panic": {panics: true},
	} {
		core, logs := observer.New(zapcore.InfoLevel)
		handler := api.New(api.Options{Orders: f, Temporal: answers{}, Log: zap.New(core)})
		w := serve(t, handler, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42", headers: map[string]string{"X-Request-Id": "request-1"}})
		p := problemOf(t, w)
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.Equal(t, "request-1", p.RequestID)
		require.NotContains(t, w.Body.String(), "hunter2")
		line := logs.All()[0]
		require.Equal(t, zapcore.ErrorLevel, line.Level)
		require.Equal(t, "request-1", line.ContextMap()["requestId"])
		require.NotEmpty(t, line.ContextMap()["error"], name)
		require.NotContains(t, fmt.Sprint(line.ContextMap()["error"]), "nobody")
	}
}

func TestARequestThatNoRouteTakesIsAProblem(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/v1", "/v2/onramp/orders/inv-42", "/v1/sideramp/orders/inv-42", "/v1/onramp/orders/a/b/c", "/v1/onramp/orders/"} {
		require.Equal(t, api.NoSuchPath, problemOf(t, handle(t, &fake{}, call{method: http.MethodGet, path: path})).ErrorType, path)
	}
	w := handle(t, &fake{}, call{method: http.MethodDelete, path: "/v1/onramp/orders/inv-42"})
	require.Equal(t, api.MethodNotAllowed, problemOf(t, w).ErrorType)
	require.Equal(t, "GET, HEAD, PUT", w.Header().Get("Allow"))
	w = handle(t, &fake{}, call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42/utr"})
	require.Equal(t, "POST", w.Header().Get("Allow"))
}

func TestOnlyJSONIsTaken(t *testing.T) {
	t.Parallel()
	for mediaType, want := range map[string]int{
		"application/json": 201, "application/json; charset=utf-8": 201, "Application/JSON": 201,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/problem+json": 415, "application/json; charset": 415,
	} {
		put := putOnramp()
		put.headers = map[string]string{"Content-Type": mediaType}
		f := &fake{order: awaiting(1)}
		w := handle(t, f, put)
		require.Equal(t, want, w.Code, mediaType)
		require.Len(t, f.started, map[int]int{201: 1}[want])
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	for size, want := range map[int]api.Problem{
		64 << 10:   {Status: 422, ErrorType: ramp.InvalidRequest},
		64<<10 + 1: {Status: 413, ErrorType: api.TooLarge},
	} {
		p := problemOf(t, handle(t, &fake{}, call{method: http.MethodPut, path: "/v1/onramp/orders/inv-42", body: strings.Repeat(" ", size)}))
		require.Equal(t, want.ErrorType, p.ErrorType)
		require.Equal(t, want.Status, p.Status)
	}
	p := problemOf(t, handle(t, &fake{}, call{method: http.MethodPost, path: "/v1/onramp/orders/inv-42/cancel", body: strings.Repeat(" ", 1<<20)}))
	require.Equal(t, api.TooLarge, p.ErrorType)
}

func TestABadBodyIsRefusedByField(t *testing.T) {
	t.Parallel()
	for body, field := range map[string]string{
		`{"reference": "other",` + onrampBody[1:]:                "reference",
		`{"emial": "hunter2",` + onrampBody[1:]:                  "emial",
		`{"email": "hunter2@nobody.test",` + onrampBody[1:]:      "email",
		`{"EMAIL": "hunter2@nobody.test",` + onrampBody[1:]:      "email",
		strings.Replace(onrampBody, `"INR_UPI"`, `42`, 1):        "paymentMethod",
		strings.Replace(onrampBody, "asha@okbank", "hunter2", 1): "upi.id",
	} {
		f := &fake{}
		w := handle(t, f, call{method: http.MethodPut, path: "/v1/onramp/orders/inv-42", body: body})
		p := problemOf(t, w)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code)
		require.Len(t, p.Fields, 1)
		require.Equal(t, field, p.Fields[0].Field)
		require.NotContains(t, w.Body.String(), "hunter2")
		require.Empty(t, f.started)
	}
	for _, body := range []string{`[]`, `null`, `{}{}`, `{`, `"hunter2"`, "\x00", strings.Repeat("[", 20_000)} {
		p := problemOf(t, handle(t, &fake{}, call{method: http.MethodPut, path: "/v1/onramp/orders/inv-42", body: body}))
		require.Equal(t, ramp.InvalidRequest, p.ErrorType)
		require.Contains(t, p.Detail, "the body ")
	}
	p := problemOf(t, handle(t, &fake{}, call{
		method: http.MethodPut, path: "/v1/onramp/orders/inv-42", headers: map[string]string{"Content-Type": "application/json"},
	}))
	require.Equal(t, "the body is empty", p.Detail)
}

// caller has the scopes that its token lists.
func callerOf(r *http.Request) (api.Caller, error) {
	token, sent := bearer.Token(r)
	switch {
	case !sent:
		return api.Caller{}, bearer.Missing()
	case token == "unverifiable":
		return api.Caller{}, &bearer.Refusal{Status: http.StatusServiceUnavailable, Reason: "the issuer is away"}
	case token == "hunter2":
		return api.Caller{}, errors.New("hunter2")
	}
	c := api.Caller{Name: "shop"}
	for _, scope := range strings.Split(token, "+") {
		c.Scopes = append(c.Scopes, api.Scope(scope))
	}
	return c, nil
}

func TestACallNeedsItsScope(t *testing.T) {
	t.Parallel()
	read, write := call{method: http.MethodGet, path: "/v1/onramp/orders/inv-42"}, putOnramp()
	operate := call{method: http.MethodPost, path: "/v1/onramp/orders/inv-42/reorder", body: `{"newReference": "inv-42-b"}`}
	for _, c := range []struct {
		call   call
		token  string
		status int
	}{
		{read, "read", 200}, {write, "write", 201}, {operate, "operate", 201}, {operate, "read+write+operate", 201},
		{read, "write", 403}, {write, "read", 403}, {operate, "read+write", 403}, {read, "", 401}, {write, "hunter2", 401},
		{read, "unverifiable", 503},
	} {
		f := &fake{order: awaiting(1)}
		handler := api.New(api.Options{Orders: f, Authenticate: callerOf})
		c.call.headers = map[string]string{}
		if c.token != "" {
			c.call.headers["Authorization"] = "Bearer " + c.token
		}
		w := serve(t, handler, c.call)
		require.Equal(t, c.status, w.Code, "%s %s", c.call.path, c.token)
		switch c.status {
		case 401:
			require.Equal(t, api.Unauthenticated, problemOf(t, w).ErrorType)
			require.Equal(t, "Bearer", w.Header().Get("WWW-Authenticate"))
			require.NotContains(t, w.Body.String(), "hunter2")
		case 403:
			require.Equal(t, api.Forbidden, problemOf(t, w).ErrorType)
			require.Contains(t, w.Header().Get("WWW-Authenticate"), `Bearer error="insufficient_scope", scope=`)
		}
		if c.status >= 400 {
			require.Empty(t, f.called)
		}
	}
	for _, open := range []string{"/docs", "/openapi.json"} {
		handler := api.New(api.Options{Orders: &fake{}, Authenticate: callerOf})
		require.Equal(t, http.StatusOK, serve(t, handler, call{method: http.MethodGet, path: open}).Code)
	}
}

func TestTheLogHasRoutesAndNoData(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.InfoLevel)
	handler := api.New(api.Options{Orders: &fake{order: awaiting(1)}, Authenticate: callerOf, Log: zap.New(core)})
	put := putOnramp()
	put.headers = map[string]string{"Authorization": "Bearer write", "X-Request-Id": "request-1"}
	require.Equal(t, "request-1", serve(t, handler, put).Header().Get("X-Request-Id"))
	serve(t, handler, call{method: http.MethodGet, path: "/hunter2?hunter2=1", headers: map[string]string{"X-Request-Id": "hunter 2"}})
	first, second := logs.All()[0].ContextMap(), logs.All()[1].ContextMap()
	require.Equal(t, "PUT /v1/onramp/orders/{reference}", first["route"])
	require.Equal(t, "shop", first["caller"])
	require.Equal(t, "inv-42", first["reference"])
	require.EqualValues(t, 201, first["status"])
	require.Equal(t, "request-1", first["requestId"])
	require.Empty(t, second["route"])
	require.EqualValues(t, 404, second["status"])
	for _, line := range logs.All() {
		for _, private := range []string{"asha", "okbank", "hunter"} {
			require.NotContains(t, fmt.Sprint(line.ContextMap()), private)
		}
	}
}
