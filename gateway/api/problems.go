package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"go.temporal.io/api/serviceerror"

	"rampart/ramp"
)

// Types of errors beside those of ramp.ErrorTypes.
const (
	// Unavailable: Temporal or every worker is away. Orders continue when they are back, and a call may be repeated.
	Unavailable ramp.ErrorType = "Unavailable"
	// Unauthenticated: the request has no valid token.
	Unauthenticated ramp.ErrorType = "Unauthenticated"
	// Forbidden: the token does not have the scope of the call.
	Forbidden ramp.ErrorType = "Forbidden"
	// NoSuchPath: the API has no such path.
	NoSuchPath ramp.ErrorType = "NoSuchPath"
	// MethodNotAllowed: the path does not take this method. Allow names those that it takes.
	MethodNotAllowed ramp.ErrorType = "MethodNotAllowed"
	// UnsupportedMediaType: the body is not declared as application/json.
	UnsupportedMediaType ramp.ErrorType = "UnsupportedMediaType"
	// TooLarge: the body is larger than 64 KiB.
	TooLarge ramp.ErrorType = "TooLarge"
	// BodyTimeout: the body did not arrive in time, or not in full.
	BodyTimeout ramp.ErrorType = "BodyTimeout"
	// Internal: a defect. The log has the cause under the id of the request.
	Internal ramp.ErrorType = "Internal"
)

// kind is what every problem of a type has in common.
type kind struct {
	status int
	title  string
	// next is what the caller does about it.
	next string
}

// kinds returns the kind of every type of error.
func kinds() map[ramp.ErrorType]kind {
	return map[ramp.ErrorType]kind{
		ramp.InvalidRequest:  {http.StatusUnprocessableEntity, "The request is invalid", "Correct the fields that are named, then send the request again. Nothing was started or changed."},
		ramp.Unencrypted:     {http.StatusInternalServerError, "The gateway does not encrypt", "Give the gateway the keyset of the workers, then send the request again."},
		ramp.Unreadable:      {http.StatusInternalServerError, "No worker has the gateway's key", "Distribute the keyset to all workers, then send the request again."},
		ramp.ReferenceTaken:  {http.StatusConflict, "The reference belongs to another order", "Use another reference, or read the order that has this one."},
		ramp.NotFound:        {http.StatusNotFound, "There is no such order", "Check the reference and the direction."},
		ramp.OrderOver:       {http.StatusConflict, "The order has ended", "Read the order: its status and recourse say what a user who has paid can do."},
		ramp.NotAwaited:      {http.StatusConflict, "The order does not wait for this", "Read the order: actions names what it takes now."},
		ramp.ProofRefused:    {http.StatusUnprocessableEntity, "The provider refused the proof", "Ask the user for the right proof and submit that one. The order waits for it."},
		ramp.KYCRefused:      {http.StatusUnprocessableEntity, "The documents were refused", "Correct the dossier and submit it again. The order waits for it."},
		ramp.AccountRefused:  {http.StatusUnprocessableEntity, "The account was not linked", "Ask the user for another account and submit that one. The order waits for it."},
		ramp.ProofConflict:   {http.StatusConflict, "Another proof counts", "Read the order: its proof is the one that counts."},
		ramp.ProofLimit:      {http.StatusConflict, "Too many proofs were refused", "If the user has paid, ask the provider's support about the order."},
		ramp.QuoteMismatch:   {http.StatusConflict, "Another quote waits for confirmation", "Read the order, show the user its quote, and confirm that one."},
		ramp.CancelRefused:   {http.StatusConflict, "The order cannot be cancelled", "Wait for the end of the order: only the provider can end it now."},
		ramp.NotReady:        {http.StatusServiceUnavailable, "There is no answer yet", "Read the order before you send the request again. The order continues."},
		Unavailable:          {http.StatusServiceUnavailable, "Orders cannot be reached", "Send the same request again after the time in Retry-After."},
		Unauthenticated:      {http.StatusUnauthorized, "The request has no valid token", "Send a valid token: Authorization: Bearer <token>."},
		Forbidden:            {http.StatusForbidden, "The token may not do this", "Use a token with the scope that the call needs."},
		NoSuchPath:           {http.StatusNotFound, "There is no such path", "See /docs for the paths of this API."},
		MethodNotAllowed:     {http.StatusMethodNotAllowed, "The path does not take this method", "Use one of the methods in Allow."},
		UnsupportedMediaType: {http.StatusUnsupportedMediaType, "The body is not JSON", "Send JSON with Content-Type: application/json."},
		TooLarge:             {http.StatusRequestEntityTooLarge, "The body is too large", "Send at most 64 KiB."},
		BodyTimeout:          {http.StatusRequestTimeout, "The body did not arrive", "Send the whole request again."},
		Internal:             {http.StatusInternalServerError, "The gateway failed", "Send the same request again. If it fails again, report the requestId to the operators."},
	}
}

// typeURN begins the URI that identifies a type of error; the type follows.
const typeURN = "urn:rampart:error:"

// retryAfter is when, in seconds, a caller tries again what is away.
const retryAfter = "5"

// Problem is the body of every error: a problem of RFC 9457 with what is known of the order. It contains no value of the request.
type Problem struct {
	Type      string            `json:"type" format:"uri" example:"urn:rampart:error:ReferenceTaken" doc:"urn:rampart:error: and the errorType."`
	Title     string            `json:"title" doc:"What all errors of this type have in common."`
	Status    int               `json:"status" doc:"The HTTP status."`
	Detail    string            `json:"detail" doc:"What failed, without personal data."`
	ErrorType ramp.ErrorType    `json:"errorType" example:"ReferenceTaken" doc:"The type of the error. Later versions may have more types."`
	Next      string            `json:"next" doc:"What the caller does about it."`
	Direction ramp.Direction    `json:"direction,omitempty" enum:"onramp,offramp" doc:"The direction of the order."`
	Reference string            `json:"reference,omitempty" doc:"The reference of the order, if the request is about one."`
	OrderID   string            `json:"orderId,omitempty" doc:"The provider's id of the order, where it is known."`
	Fields    []ramp.FieldError `json:"fields,omitempty" nullable:"false" doc:"Every bad field of an InvalidRequest."`
	Order     *ramp.Order       `json:"order,omitempty" doc:"The state of the order, where it helps."`
	RequestID string            `json:"requestId,omitempty" doc:"The id of the request, as in X-Request-Id."`

	headers http.Header
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// GetStatus returns the HTTP status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers of the response.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType returns the media type of a problem in JSON.
func (*Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

func newProblem(ctx context.Context, t ramp.ErrorType, detail string) *Problem {
	k, known := kinds()[t]
	if !known {
		k = kinds()[Internal]
	}
	x := exchangeOf(ctx)
	x.errorType = t
	p := &Problem{
		Type: typeURN + string(t), Title: k.title, Status: k.status, Detail: detail, ErrorType: t, Next: k.next,
		Direction: x.id.Direction, Reference: x.id.Reference, RequestID: x.requestID, headers: make(http.Header),
	}
	if k.status == http.StatusServiceUnavailable {
		p.headers.Set("Retry-After", retryAfter)
	}
	return p
}

// fail returns the problem for an error of a call.
func (s *service) fail(ctx context.Context, err error) error {
	var contract *ramp.Error
	switch {
	case errors.As(err, &contract):
		return contractProblem(ctx, contract)
	case isAway(err):
		return s.away(ctx)
	default:
		exchangeOf(ctx).cause = err
		return newProblem(ctx, Internal, "the gateway could not do this; its log has the cause")
	}
}

func contractProblem(ctx context.Context, err *ramp.Error) *Problem {
	p := newProblem(ctx, err.Type, err.Message)
	p.Fields, p.Order = err.Fields, err.Order
	p.Reference = cmp.Or(p.Reference, err.Reference)
	if err.Order != nil {
		p.OrderID = err.Order.OrderID
	}
	return p
}

// isAway reports whether an error says that Temporal, or a worker, did not answer.
func isAway(err error) bool {
	var unavailable *serviceerror.Unavailable
	var deadline *serviceerror.DeadlineExceeded
	var cancelled *serviceerror.Canceled
	var exhausted *serviceerror.ResourceExhausted
	var untouched *serviceerror.WorkflowNotReady
	var unpolled *serviceerror.FailedPrecondition
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.As(err, &unavailable) || errors.As(err, &deadline) || errors.As(err, &cancelled) ||
		errors.As(err, &exhausted) || errors.As(err, &untouched) || errors.As(err, &unpolled)
}

// away returns the problem of a call that got no answer, and says who is away.
func (s *service) away(ctx context.Context) *Problem {
	if s.temporalAnswers(ctx) {
		return newProblem(ctx, Unavailable, "no worker answers; an order that was started is kept and continues when one is back")
	}
	return newProblem(ctx, Unavailable, "Temporal does not answer; nothing is known of the order, and the same request may be sent again")
}

// invalid returns the problem of a request with one bad field.
func invalid(ctx context.Context, field, problem string) *Problem {
	return contractProblem(ctx, &ramp.Error{
		Type: ramp.InvalidRequest, Message: "the request is invalid", Fields: []ramp.FieldError{{Field: field, Problem: problem}},
	})
}

// asProblem turns the errors that huma finds in parameters into problems, without the values that it adds.
func asProblem(ctx huma.Context, _ string, answer any) (any, error) {
	found, isHumas := answer.(*huma.ErrorModel)
	if !isHumas {
		return answer, nil
	}
	if found.Status != http.StatusUnprocessableEntity {
		p := newProblem(ctx.Context(), Internal, found.Detail)
		p.Status = found.Status
		return p, nil
	}
	p := newProblem(ctx.Context(), ramp.InvalidRequest, "the request is invalid")
	for _, e := range found.Errors {
		_, field, _ := strings.Cut(e.Location, ".")
		p.Fields = append(p.Fields, ramp.FieldError{Field: field, Problem: e.Message})
	}
	return p, nil
}

// write sends a problem where huma does not.
func (p *Problem) write(w http.ResponseWriter) {
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is away if this fails
}

// unroutable answers what no route takes, as the mux would in plain text: 404, 405 with Allow, or a redirect to the clean path.
func unroutable(w http.ResponseWriter, r *http.Request, answer http.Handler) {
	var a discarded
	a.header = make(http.Header)
	answer.ServeHTTP(&a, r)
	switch a.status {
	case http.StatusNotFound:
		newProblem(r.Context(), NoSuchPath, "there is no such path").write(w)
	case http.StatusMethodNotAllowed:
		p := newProblem(r.Context(), MethodNotAllowed, fmt.Sprintf("this path takes %s", a.header.Get("Allow")))
		p.headers.Set("Allow", a.header.Get("Allow"))
		p.write(w)
	default:
		answer.ServeHTTP(w, r)
	}
}

// discarded is a response of which only status and headers are kept.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(status int)      { d.status = status }
