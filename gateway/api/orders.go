package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"rampart/ramp"
)

const (
	onrampTag  = "onramp"
	offrampTag = "offramp"
	listTag    = "orders"
)

// OrderPath is the parameter of every call about one order.
type OrderPath struct {
	Reference string `path:"reference" example:"inv-42" doc:"The backend's own id of the order: 1 to 128 letters, digits and . _ -, beginning with a letter or a digit."`
}

// Resolve checks the reference.
func (p *OrderPath) Resolve(huma.Context) []error {
	if err := ramp.ValidateReference(p.Reference); err != nil {
		return []error{&huma.ErrorDetail{Location: "path.reference", Message: err.Error()}}
	}
	return nil
}

// id returns the order's id. From then on, problems and the log name the order.
func (p *OrderPath) id(ctx context.Context, direction ramp.Direction) ramp.ID {
	id := ramp.ID{Direction: direction, Reference: p.Reference}
	exchangeOf(ctx).id = id
	return id
}

// WaitHeader is the header of calls that wait for an order.
type WaitHeader struct {
	Prefer string `header:"Prefer" example:"wait=10" doc:"wait=N bounds the wait for the order to N seconds, at most 60. Without it, the call waits 30 seconds. When the wait runs out, the answer is 202 with the state of the order, which continues."`
}

// wait returns how long the call waits, and the header that says so.
func (p *WaitHeader) wait() (d time.Duration, applied string) {
	d, given := preferredWait(p.Prefer)
	if !given {
		return usualWait, ""
	}
	return max(d, leastWait), fmt.Sprintf("wait=%d", d/time.Second)
}

// submission is a call that sends an order something.
type submission struct {
	OrderPath
	WaitHeader
	Body json.RawMessage
}

// bare is a call that sends an order nothing else.
type bare struct {
	OrderPath
}

// reading is a call that reads an order.
type reading struct {
	OrderPath
	Wait        string `query:"wait" example:"30s" doc:"Wait at most this long, up to 60s, for a version greater than after. When the wait runs out, the answer is the order as it is."`
	After       int64  `query:"after" minimum:"0" doc:"The version that the caller has; of If-None-Match by default."`
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag that the caller has. The answer is 304 if the order has not changed."`
}

// answer is the state of an order.
type answer struct {
	Status            int
	ETag              string `header:"ETag" doc:"The state of the order: its version and the time of its last change, in quotes."`
	Location          string `header:"Location" doc:"The path of the order."`
	PreferenceApplied string `header:"Preference-Applied" doc:"The wait that Prefer asked for."`
	Body              *ramp.Order
}

func answerWith(status int, order *ramp.Order) *answer {
	return &answer{Status: status, ETag: stateOf(order).etag(), Body: order}
}

// path returns the path of an order.
func path(id ramp.ID) string { return fmt.Sprintf("/v1/%s/orders/%s", id.Direction, id.Reference) }

// operation is what all operations have.
func operation(id, method, path, tag string, scope Scope, summary, description string, failures ...int) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: path, Tags: []string{tag}, Summary: summary, Description: description,
		Security: []map[string][]string{{scheme: {string(scope)}}},
		Errors:   append([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable}, failures...),
	}
}

// withBody adds a body of the contract to an operation.
func withBody[T any](o huma.Operation) huma.Operation {
	o.RequestBody = &huma.RequestBody{
		Required: true,
		Content:  map[string]*huma.MediaType{"application/json": {Schema: schemaOf[T]()}},
	}
	o.SkipValidateBody = true
	o.BodyReadTimeout = -1 // readBody has its own
	o.Middlewares = huma.Middlewares{readBody}
	o.Errors = append(o.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	return o
}

// answering adds answers with an order beside 200.
func answering(o huma.Operation, described map[int]string) huma.Operation {
	o.Responses = make(map[string]*huma.Response)
	for status, description := range described {
		response := &huma.Response{Description: description}
		if status != http.StatusNotModified {
			response.Content = map[string]*huma.MediaType{"application/json": {Schema: schemaOf[ramp.Order]()}}
		}
		o.Responses[strconv.Itoa(status)] = response
	}
	return o
}

// startAnswers describes the answers to a start.
func startAnswers() map[int]string {
	return map[int]string{
		http.StatusOK:       "The order was started before, by the same request.",
		http.StatusCreated:  "The order was started, and its user can act.",
		http.StatusAccepted: "The order was started, and its user cannot act yet. Read the order at Location.",
	}
}

// submitAnswers describes the answers to a submission.
func submitAnswers() map[int]string {
	return map[int]string{
		http.StatusOK:       "The order, after the submission was accepted.",
		http.StatusAccepted: "The submission has no answer yet, and the order may have it. Read the order at Location before you send it again.",
	}
}

// readAnswers describes the answers to a reading.
func readAnswers() map[int]string {
	return map[int]string{
		http.StatusOK:          "The order.",
		http.StatusNotModified: "The order has not changed.",
	}
}

// addOrders adds the operations that both directions have.
func (s *service) addOrders(a huma.API, direction ramp.Direction) {
	at, name, tag := "/v1/"+string(direction)+"/orders/{reference}", "Onramp", onrampTag
	if direction == ramp.Offramp {
		name, tag = "Offramp", offrampTag
	}
	const conflict, absent = http.StatusConflict, http.StatusNotFound

	put := operation("put"+name+"Order", http.MethodPut, at, tag, Write, "Start an order",
		"Starts the order and waits until its user can act: the answer has payment instructions, or says what else the order waits for. "+
			"The same request again is the same order. The body may leave out the reference.", conflict)
	if direction == ramp.Onramp {
		huma.Register(a, answering(withBody[ramp.OnrampRequest](put), startAnswers()), s.startOnramp)
	} else {
		huma.Register(a, answering(withBody[ramp.OfframpRequest](put), startAnswers()), s.startOfframp)
	}

	get := operation("get"+name+"Order", http.MethodGet, at, tag, Read, "Read an order",
		"Reads the order now, or waits for its next change (long poll).", absent)
	huma.Register(a, answering(get, readAnswers()), func(ctx context.Context, in *reading) (*answer, error) {
		return s.read(ctx, in, in.id(ctx, direction))
	})

	s.addEvents(a, direction, at, name, tag)

	kyc := operation("submit"+name+"Kyc", http.MethodPost, at+"/kyc", tag, Write, "Submit the user's documents",
		"Waits until the provider has received the documents.", conflict, absent)
	submitting[ramp.KYCSubmission](s, a, kyc, direction, func(ctx context.Context, id ramp.ID, sent ramp.KYCSubmission) (*ramp.Order, error) {
		return s.Orders.SubmitKYC(ctx, id, string(sent.Dossier))
	})

	account := operation("submit"+name+"Account", http.MethodPost, at+"/account", tag, Write, "Submit another account of the user",
		"Waits until the account is linked.", conflict, absent)
	submitting(s, a, account, direction, func(ctx context.Context, id ramp.ID, sent ramp.AccountSubmission) (*ramp.Order, error) {
		return s.Orders.SubmitAccount(ctx, id, sent)
	})

	confirm := operation("confirm"+name+"Quote", http.MethodPost, at+"/quote-confirmation", tag, Write, "Confirm the quote",
		"Confirms the price that the user saw.", conflict, absent)
	submitting(s, a, confirm, direction, func(ctx context.Context, id ramp.ID, sent ramp.QuoteConfirmation) (*ramp.Order, error) {
		return s.Orders.ConfirmQuote(ctx, id, sent.QuoteID)
	})

	cancel := operation("cancel"+name+"Order", http.MethodPost, at+"/cancel", tag, Write, "Cancel an order",
		"Cancels the order and waits until it is cancelled. It is refused once the provider has a proof or the payment.", conflict, absent)
	huma.Register(a, answering(cancel, submitAnswers()), func(ctx context.Context, in *bare) (*answer, error) {
		return s.cancel(ctx, in.id(ctx, direction))
	})
}

// addProofs adds the proofs of payment, which each direction has its own of.
func (s *service) addProofs(a huma.API) {
	utr := operation("submitUtr", http.MethodPost, "/v1/onramp/orders/{reference}/utr", onrampTag, Write, "Submit the UTR of the payment",
		"Waits until the provider has accepted the UTR. The same UTR again is submitted once.", http.StatusConflict, http.StatusNotFound)
	submitting(s, a, utr, ramp.Onramp, func(ctx context.Context, id ramp.ID, sent ramp.UTRSubmission) (*ramp.Order, error) {
		return s.Orders.SubmitUTR(ctx, id.Reference, string(sent.UTR))
	})
	hash := operation("submitTransactionHash", http.MethodPost, "/v1/offramp/orders/{reference}/transaction-hash", offrampTag, Write,
		"Submit the hash of the transfer", "Waits until the provider has accepted the hash. The same hash again is submitted once.",
		http.StatusConflict, http.StatusNotFound)
	submitting(s, a, hash, ramp.Offramp, func(ctx context.Context, id ramp.ID, sent ramp.HashSubmission) (*ramp.Order, error) {
		return s.Orders.SubmitTransactionHash(ctx, id.Reference, sent.TransactionHash)
	})
}

// addReorder adds the new order for a payment of an earlier one.
func (s *service) addReorder(a huma.API) {
	o := operation("reorder", http.MethodPost, "/v1/onramp/orders/{reference}/reorder", onrampTag, Operate,
		"Start a new order for a payment of this one",
		"Replaces an order that expired or was cancelled after its user had paid: with the UTR of that payment and the same account. "+
			"The answer is the new order.", http.StatusConflict, http.StatusNotFound)
	huma.Register(a, answering(withBody[ramp.ReorderRequest](o), startAnswers()), s.reorder)
}

func (s *service) startOnramp(ctx context.Context, in *submission) (*answer, error) {
	id := in.id(ctx, ramp.Onramp)
	request, err := decode[ramp.OnrampRequest](ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if err := addressed(ctx, id, &request.Reference); err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.start(ctx, id, in.WaitHeader, func(ctx context.Context) (*ramp.Order, error) { return s.Orders.StartOnramp(ctx, request) })
}

func (s *service) startOfframp(ctx context.Context, in *submission) (*answer, error) {
	id := in.id(ctx, ramp.Offramp)
	request, err := decode[ramp.OfframpRequest](ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if err := addressed(ctx, id, &request.Reference); err != nil {
		return nil, err
	}
	if err := request.Validate(); err != nil {
		return nil, s.fail(ctx, err)
	}
	return s.start(ctx, id, in.WaitHeader, func(ctx context.Context) (*ramp.Order, error) { return s.Orders.StartOfframp(ctx, request) })
}

func (s *service) reorder(ctx context.Context, in *submission) (*answer, error) {
	in.id(ctx, ramp.Onramp)
	request, err := decode[ramp.ReorderRequest](ctx, in.Body)
	if err != nil {
		return nil, err
	}
	if err := ramp.ValidateReference(request.NewReference); err != nil {
		return nil, invalid(ctx, "newReference", err.Error())
	}
	request.Reference = in.Reference
	id := ramp.ID{Direction: ramp.Onramp, Reference: request.NewReference}
	return s.start(ctx, id, in.WaitHeader, func(ctx context.Context) (*ramp.Order, error) { return s.Orders.Reorder(ctx, request) })
}

// addressed gives a request the reference of its path, and refuses another one.
func addressed(ctx context.Context, id ramp.ID, given *string) error {
	if *given != "" && *given != id.Reference {
		return invalid(ctx, "reference", "must be the reference in the path, or left out")
	}
	*given = id.Reference
	return nil
}

// start starts an order and answers 201, or 200 if there was one with this reference before.
func (s *service) start(ctx context.Context, id ramp.ID, p WaitHeader, start func(context.Context) (*ramp.Order, error)) (*answer, error) {
	existed, err := s.exists(ctx, id)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	wait, applied := p.wait()
	within, cancel := s.waiting(ctx, wait)
	defer cancel()
	order, err := start(within)
	if err != nil {
		return s.unfinished(ctx, id, err, applied)
	}
	started := answerWith(http.StatusCreated, order)
	if existed {
		started.Status = http.StatusOK
	}
	started.Location, started.PreferenceApplied = path(id), applied
	return started, nil
}

func (s *service) exists(ctx context.Context, id ramp.ID) (bool, error) {
	within, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return s.Orders.Exists(within, id)
}

// submitting adds an operation that sends an order something and waits for its answer.
func submitting[T any](
	s *service, a huma.API, o huma.Operation, direction ramp.Direction, submit func(context.Context, ramp.ID, T) (*ramp.Order, error),
) {
	huma.Register(a, answering(withBody[T](o), submitAnswers()), func(ctx context.Context, in *submission) (*answer, error) {
		id := in.id(ctx, direction)
		sent, err := decode[T](ctx, in.Body)
		if err != nil {
			return nil, err
		}
		wait, applied := in.wait()
		within, cancel := s.waiting(ctx, wait)
		defer cancel()
		order, err := submit(within, id, sent)
		if err != nil {
			return s.unfinished(ctx, id, err, applied)
		}
		submitted := answerWith(http.StatusOK, order)
		submitted.PreferenceApplied = applied
		return submitted, nil
	})
}

func (s *service) cancel(ctx context.Context, id ramp.ID) (*answer, error) {
	within, cancel := s.waiting(ctx, cancelTimeout)
	defer cancel()
	order, err := s.Orders.Cancel(within, id)
	if err != nil {
		return s.unfinished(ctx, id, err, "")
	}
	return answerWith(http.StatusOK, order), nil
}

// unfinished answers 202 with the state of an order whose call has no result yet, and a problem for every other error.
func (s *service) unfinished(ctx context.Context, id ramp.ID, err error, applied string) (*answer, error) {
	var pending *ramp.Error
	if !errors.As(err, &pending) || pending.Type != ramp.NotReady {
		return nil, s.fail(ctx, err)
	}
	within, cancel := context.WithTimeout(ctx, stateTimeout)
	defer cancel()
	order := pending.Order
	if order == nil {
		if order, err = s.Orders.Get(within, id); err != nil {
			return nil, s.fail(ctx, err)
		}
	}
	accepted := answerWith(http.StatusAccepted, order)
	accepted.Location, accepted.PreferenceApplied = path(id), applied
	return accepted, nil
}

// read answers with an order: at once, or after its next change.
func (s *service) read(ctx context.Context, in *reading, id ramp.ID) (*answer, error) {
	wait, err := parseWait(in.Wait)
	if err != nil {
		return nil, invalid(ctx, "wait", err.Error())
	}
	order, err := s.readAfter(ctx, id, wait, cmp.Or(in.After, matchedVersion(in.IfNoneMatch)))
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	if now := stateOf(order); matches(in.IfNoneMatch, now) {
		return &answer{Status: http.StatusNotModified, ETag: now.etag()}, nil
	}
	return answerWith(http.StatusOK, order), nil
}

// readAfter returns an order once its version is greater than after, or as it is when the wait runs out.
func (s *service) readAfter(ctx context.Context, id ramp.ID, wait time.Duration, after int64) (*ramp.Order, error) {
	if wait == 0 {
		within, cancel := context.WithTimeout(ctx, readTimeout)
		defer cancel()
		return s.Orders.Get(within, id)
	}
	within, cancel := s.waiting(ctx, wait)
	defer cancel()
	order, err := s.Orders.Wait(within, id, after)
	if order != nil {
		return order, nil
	}
	return nil, err
}
