package forget

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"
	"golang.org/x/sync/errgroup"

	"rampart/codec"
	"rampart/ramp"
)

// findings are what one search finds.
type findings struct {
	// closed are executions that have ended, in the order in which they are to be deleted: what orders have left, and then the orders, by
	// which that is found.
	closed []execution
	// listed counts the executions of the user that are not to be deleted yet, or are deleted and listed although.
	listed int
}

// ordersOf returns the orders among executions, sorted and without repetition.
func ordersOf(all []execution) []ramp.ID {
	var ids []ramp.ID
	for _, each := range all {
		if each.kind == order {
			ids = append(ids, each.id)
		}
	}
	slices.SortFunc(ids, func(a, b ramp.ID) int {
		return cmp.Or(cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Reference, b.Reference))
	})
	return slices.Compact(ids)
}

// search searches for the executions of one user, and remembers whose the others are.
type search struct {
	*Forgetter
	term    ramp.Personal
	filter  ramp.Filter
	invalid error
	// settling is set if orders that have just ended are left alone.
	settling bool
	// orders are the user's that were found, also those that are deleted.
	orders map[string]execution

	mu sync.Mutex
	// whose says of the runs that were read whose they are, by run id.
	whose map[string]owner
}

// owner is whose a run is.
type owner int

const (
	unread owner = iota
	own
	foreign
	sealed
)

func newSearch(f *Forgetter, email ramp.Email) *search {
	filter, err := ramp.FindRequest{Email: email}.Filter(f.Hasher)
	return &search{
		Forgetter: f, term: ramp.UserTerm(email), filter: filter, invalid: err,
		orders: make(map[string]execution), whose: make(map[string]owner),
	}
}

// unreadable counts the runs that cannot be read.
func (s *search) unreadable() int {
	count := 0
	for _, whose := range s.whose {
		if whose == sealed {
			count++
		}
	}
	return count
}

// round finds the user's orders, and what these have left to other workflows and to activities. The error is an *OpenError if one of them is open.
func (s *search) round(ctx context.Context) (findings, error) {
	if s.invalid != nil {
		return findings{}, s.invalid
	}
	orders, err := s.listOrders(ctx)
	if err != nil {
		return findings{}, err
	}
	for _, each := range orders {
		s.orders[each.runID] = each
	}
	left, err := s.listLeft(ctx)
	if err != nil {
		return findings{}, err
	}
	var found findings
	var open OpenError
	for _, each := range append(left, orders...) {
		if err := s.inspect(ctx, each, &found, &open); err != nil {
			return findings{}, err
		}
	}
	if len(open.Orders) > 0 || len(open.Late) > 0 {
		return findings{}, &open
	}
	return found, nil
}

// listOrders lists the runs with a hash of the user, and those without any hash whose input names the user: of before there were hashes, and of
// requests that were refused. In a namespace without the search attribute, every order is read.
func (s *search) listOrders(ctx context.Context) ([]execution, error) {
	hashed, err := s.list(ctx, order, s.filter.Query(), nil)
	var refused *serviceerror.InvalidArgument
	if errors.As(err, &refused) {
		return s.list(ctx, order, ramp.Filter{}.Query(), s.isOwn)
	}
	if err != nil {
		return nil, err
	}
	unhashed, err := s.list(ctx, order, ramp.Filter{}.Query()+" AND "+ramp.UserKey.GetName()+" IS NULL", s.isOwn)
	return append(hashed, unhashed...), err
}

// listLeft lists what the user's orders have left: records to be written, which name their users, and events to be delivered, which are found by
// the runs of the orders. A second start of a reference is a run of another user's workflow id.
func (s *search) listLeft(ctx context.Context) ([]execution, error) {
	all, err := s.list(ctx, late, fmt.Sprintf("WorkflowType = %q", ramp.LateRecordWorkflow), s.isOwn)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(s.valid(), batch) {
		var ids, deliveries []string
		for _, each := range some {
			ids = append(ids, strconv.Quote(ramp.LateEventsPrefix+each.workflowID+"/"+each.runID))
			deliveries = append(deliveries, fmt.Sprintf("ActivityId STARTS_WITH %q", ramp.DeliveryID(each.workflowID, each.runID, "")))
		}
		events, err := s.list(ctx, late, fmt.Sprintf("WorkflowType = %q AND WorkflowId IN (%s)", ramp.LateEventsWorkflow, strings.Join(ids, ", ")), nil)
		if err != nil {
			return nil, err
		}
		delivered, err := s.listDeliveries(ctx, fmt.Sprintf("ActivityType = %q AND (%s)", ramp.EventDelivery, strings.Join(deliveries, " OR ")))
		if err != nil {
			return nil, err
		}
		all = append(append(all, events...), delivered...)
	}
	return all, nil
}

// batch is how many orders one query asks for: servers permit few queries in a second.
const batch = 20

// valid returns the orders that were found and were not refused for their ids.
func (s *search) valid() []execution {
	var some []execution
	for _, each := range s.orders {
		if _, _, err := ramp.ParseWorkflowID(each.workflowID); err == nil {
			some = append(some, each)
		}
	}
	return some
}

// readers is how many workflows are read at the same time.
const readers = 4

// list returns the runs of workflows that a query selects and that are the user's; is nil says that all are. It reads all pages before anything
// is deleted, and keeps the user's only.
func (s *search) list(ctx context.Context, of kind, query string, is func(context.Context, execution) (bool, error)) ([]execution, error) {
	var all []execution
	request := &workflowservice.ListWorkflowExecutionsRequest{Namespace: s.Namespace, Query: query}
	for {
		page, err := patiently(ctx, s.Temporal.ListWorkflowExecutions, request)
		if err != nil {
			return nil, fmt.Errorf("list the user's orders: %w", err)
		}
		listed := executions(of, page.GetExecutions())
		if is != nil {
			if listed, err = only(ctx, listed, is); err != nil {
				return nil, err
			}
		}
		all = append(all, listed...)
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return all, nil
		}
	}
}

// only returns the executions that are the user's, in their order.
func only(ctx context.Context, all []execution, is func(context.Context, execution) (bool, error)) ([]execution, error) {
	chosen := make([]bool, len(all))
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(readers)
	for i, each := range all {
		reading.Go(func() (err error) {
			chosen[i], err = is(ctx, each)
			return err
		})
	}
	err := reading.Wait()
	var some []execution
	for i, each := range all {
		if chosen[i] {
			some = append(some, each)
		}
	}
	return some, err
}

// listDeliveries returns the deliveries of events that a query selects. A server without standalone activities has none.
func (s *search) listDeliveries(ctx context.Context, query string) ([]execution, error) {
	var all []execution
	request := &workflowservice.ListActivityExecutionsRequest{Namespace: s.Namespace, Query: query}
	for {
		page, err := patiently(ctx, s.Temporal.ListActivityExecutions, request)
		var without *serviceerror.Unimplemented
		if errors.As(err, &without) {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the deliveries of the user's orders: %w", err)
		}
		for _, listed := range page.GetExecutions() {
			all = append(all, execution{kind: delivery, workflowID: listed.GetActivityId(), runID: listed.GetRunId()})
		}
		if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
			return all, nil
		}
	}
}

// inspect adds an execution to what was found. What it is now, only Temporal itself knows: the visibility store lags.
func (s *search) inspect(ctx context.Context, each execution, found *findings, open *OpenError) error {
	running, endedAt, err := s.state(ctx, each)
	switch {
	case absent(err):
		found.listed++
		return nil
	case err != nil:
		return err
	case running && each.kind == order:
		open.Orders = append(open.Orders, each.id)
		return nil
	case running:
		open.Late = append(open.Late, each.workflowID)
		return nil
	case s.settling && s.Now().Sub(endedAt) < Settle:
		found.listed++
		return nil
	}
	if each.kind == order {
		readable := true
		if each.dossiers, readable, err = s.dossiers(ctx, each); err != nil && !absent(err) {
			return err
		}
		if s.note(each, readable); !readable {
			return nil // nothing else names its dossiers
		}
	}
	found.closed = append(found.closed, each)
	return nil
}

// note notes whether a run of the user can be read.
func (s *search) note(each execution, readable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whose[each.runID] = own
	if !readable {
		s.whose[each.runID] = sealed
	}
}

// isOwn reports whether the input of a run names the user: that of an order, or that of a workflow that writes an order's record.
func (s *search) isOwn(ctx context.Context, each execution) (bool, error) {
	s.mu.Lock()
	whose := s.whose[each.runID]
	s.mu.Unlock()
	if whose == unread {
		var err error
		if whose, err = s.ownerOf(ctx, each); err != nil || whose == unread {
			return false, err
		}
		s.mu.Lock()
		s.whose[each.runID] = whose
		s.mu.Unlock()
	}
	return whose == own, nil
}

// ownerOf reads whose a run is; unread for one that is gone.
func (s *search) ownerOf(ctx context.Context, each execution) (owner, error) {
	page, err := s.history(ctx, each, 1, nil)
	switch {
	case absent(err):
		return unread, nil
	case err != nil:
		return unread, err
	}
	var input struct {
		Email  ramp.Email `json:"email"`
		Record struct {
			Email ramp.Email `json:"email"`
		} `json:"record"`
	}
	events := page.GetHistory().GetEvents()
	switch {
	case len(events) == 0 || !s.read(events[0].GetWorkflowExecutionStartedEventAttributes().GetInput(), &input):
		return sealed, nil
	case ramp.UserTerm(cmp.Or(input.Email, input.Record.Email)) == s.term:
		return own, nil
	default:
		return foreign, nil
	}
}

func (f *Forgetter) history(
	ctx context.Context, of execution, size int32, token []byte,
) (*workflowservice.GetWorkflowExecutionHistoryResponse, error) {
	return patiently(ctx, f.Temporal.GetWorkflowExecutionHistory, &workflowservice.GetWorkflowExecutionHistoryRequest{
		Namespace: f.Namespace, Execution: of.workflow(), MaximumPageSize: size, NextPageToken: token,
	})
}

// uploadKYC is the activity that gets each dossier of an order.
const uploadKYC = "UploadKYC"

// dossiers returns the URLs of the dossiers of an order: of its request, of the messages to it, and of those that its activities uploaded. It
// reports whether all that may name one can be read.
func (f *Forgetter) dossiers(ctx context.Context, of execution) (all []ramp.Dossier, readable bool, err error) {
	readable = true
	var token []byte
	for {
		page, err := f.history(ctx, of, 0, token)
		if err != nil {
			return nil, true, err
		}
		for _, event := range page.GetHistory().GetEvents() {
			dossier, read := f.dossier(event)
			readable = readable && read
			if dossier != "" {
				all = append(all, dossier)
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return all, readable, nil
		}
	}
}

// dossier returns the dossier that an event names, or empty, and reports whether the event can be read.
func (f *Forgetter) dossier(event *historypb.HistoryEvent) (ramp.Dossier, bool) {
	if started := event.GetWorkflowExecutionStartedEventAttributes(); started != nil {
		var request struct {
			KYC ramp.KYC `json:"kyc"`
		}
		read := f.read(started.GetInput(), &request)
		return request.KYC.Dossier, read
	}
	var submission ramp.KYCSubmission // what the activity gets has the same field
	read := f.read(submittedDossier(event), &submission)
	return submission.Dossier, read
}

// submittedDossier returns the payload of an event that a dossier was submitted or is uploaded by; nil for other events.
func submittedDossier(event *historypb.HistoryEvent) *commonpb.Payloads {
	signaled := event.GetWorkflowExecutionSignaledEventAttributes()
	updated := event.GetWorkflowExecutionUpdateAcceptedEventAttributes().GetAcceptedRequest().GetInput()
	scheduled := event.GetActivityTaskScheduledEventAttributes()
	switch {
	case signaled.GetSignalName() == ramp.SubmitKYC:
		return signaled.GetInput()
	case updated.GetName() == ramp.SubmitKYC:
		return updated.GetArgs()
	case scheduled.GetActivityType().GetName() == uploadKYC:
		return scheduled.GetInput()
	default:
		return nil
	}
}

// read decodes the first payload, encrypted or not, and reports whether it could. One that is not of this form names no user.
func (f *Forgetter) read(payloads *commonpb.Payloads, into any) bool {
	all := payloads.GetPayloads()
	if len(all) == 0 {
		return true
	}
	var message converter.RawValue
	if f.Data.FromPayload(all[0], &message) != nil || message.Payload() == nil {
		return false
	}
	opened := message.Payload()
	if encoding := string(opened.GetMetadata()[converter.MetadataEncoding]); encoding == codec.Encoding {
		return false
	}
	_ = converter.GetDefaultDataConverter().FromPayload(opened, into)
	return true
}
