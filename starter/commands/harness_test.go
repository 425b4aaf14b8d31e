package commands_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/contrib/envconfig"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"rampart/ramp"
	"rampart/reconcile"
	"rampart/starter/commands"
	"rampart/starter/connection"
	"rampart/starter/explain"
	"rampart/starter/forget"
)

// fake is a fake of ramp.Client and of the parts of Temporal's client that commands use. It records its calls.
type fake struct {
	workersAway bool
	// orders are the existing orders, by workflow id.
	orders map[string]*ramp.Order
	// err is the error of calls that change an order.
	err error
	// states are the states that Watch yields.
	states []*ramp.Order
	// outages are errors of the first calls of Watch.
	outages []error
	// attributes are the search attributes of the namespace.
	attributes map[string]enumspb.IndexedValueType
	// retention is that of the namespace.
	retention time.Duration
	// summaries are yielded by Search, strays by Strays, and strayed is the condition that Strays was called with.
	summaries []ramp.Summary
	strays    []ramp.Summary
	strayed   string
	// past are the runs of each workflow id that has more than one running order, the newest first.
	past map[string][]past
	// newest is the error of the newest run of a workflow id, if it was refused.
	newest map[string]error
	// invisible is the error of the visibility store for a reference.
	invisible error
	// workflows is what forget deletes from.
	workflows forget.Temporal
	// hasher makes hashes, unless there is no keyset.
	hasher  ramp.Hasher
	keyless error
	// notSetUp is the error that names what the namespace lacks.
	notSetUp error

	onramp  *ramp.OnrampRequest
	offramp *ramp.OfframpRequest
	reorder *ramp.ReorderRequest
	account *ramp.AccountSubmission
	filter  ramp.Filter
	// unknown is a search attribute that an older server does not support.
	unknown string
	// condition is the condition that Search was called with.
	condition string
	calls     []string

	// deliveries are those of events, and disabled the endpoints that are.
	deliveries []ramp.Delivery
	disabled   []string

	// mu guards what commands use at the same time.
	mu sync.Mutex
	// takenOver returns the order that takes over the provider's.
	takenOver func(id ramp.ID, orderID string) *ramp.Order

	// report is that of reconciliations.
	report *reconcile.Report
	// reconciling is set while a reconciliation runs.
	reconciling bool
}

func (d *fake) answer(call string, id ramp.ID) (*ramp.Order, error) {
	d.calls = append(d.calls, call)
	if d.err != nil {
		return nil, d.err
	}
	return d.get(id)
}

func (d *fake) get(id ramp.ID) (*ramp.Order, error) {
	order, found := d.orders[id.Direction.WorkflowID(id.Reference)]
	if !found {
		return nil, &ramp.Error{Type: ramp.NotFound, Reference: id.Reference, Message: "there is no such order"}
	}
	return order, nil
}

func (d *fake) StartOnramp(_ context.Context, request ramp.OnrampRequest) (*ramp.Order, error) {
	d.onramp = &request
	return d.answer("onramp", ramp.ID{Direction: ramp.Onramp, Reference: request.Reference})
}

func (d *fake) StartOfframp(_ context.Context, request ramp.OfframpRequest) (*ramp.Order, error) {
	d.offramp = &request
	return d.answer("offramp", ramp.ID{Direction: ramp.Offramp, Reference: request.Reference})
}

func (d *fake) TakeOverOnramp(_ context.Context, request ramp.OnrampRequest) (bool, error) {
	return d.takeOver(ramp.ID{Direction: ramp.Onramp, Reference: request.Reference}, request.Adopt)
}

func (d *fake) TakeOverOfframp(_ context.Context, request ramp.OfframpRequest) (bool, error) {
	return d.takeOver(ramp.ID{Direction: ramp.Offramp, Reference: request.Reference}, request.Adopt)
}

func (d *fake) takeOver(id ramp.ID, adopt *ramp.AdoptedOrder) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, "take over "+id.Direction.WorkflowID(id.Reference)+" "+adopt.OrderID)
	if d.err != nil {
		return false, d.err
	}
	if d.takenOver != nil {
		d.orders[id.Direction.WorkflowID(id.Reference)] = d.takenOver(id, adopt.OrderID)
	}
	return true, nil
}

func (d *fake) Exists(_ context.Context, id ramp.ID) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.get(id)
	return err == nil, nil
}

func (d *fake) Summary(_ context.Context, id ramp.ID) (ramp.Summary, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, known := range d.summaries {
		if known.Reference == id.Reference && known.Direction == id.Direction {
			return known, nil
		}
	}
	_, err := d.get(id)
	return ramp.Summary{}, err
}

func (d *fake) Reorder(_ context.Context, request ramp.ReorderRequest) (*ramp.Order, error) {
	d.reorder = &request
	return d.answer("reorder", ramp.ID{Direction: ramp.Onramp, Reference: request.NewReference})
}

func (d *fake) Get(_ context.Context, id ramp.ID) (*ramp.Order, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.newest[id.Direction.WorkflowID(id.Reference)]; err != nil {
		return nil, err
	}
	return d.get(id)
}

func (d *fake) GetRun(_ context.Context, id ramp.ID, runID string) (*ramp.Order, error) {
	d.calls = append(d.calls, "run "+runID)
	if d.err != nil {
		return nil, d.err
	}
	order, err := d.get(id)
	if refusal := d.newest[id.Direction.WorkflowID(id.Reference)]; err != nil && refusal != nil {
		return nil, refusal
	}
	return order, err
}

func (d *fake) Runs(_ context.Context, id ramp.ID) iter.Seq2[ramp.Summary, error] {
	return func(yield func(ramp.Summary, error) bool) {
		if d.invisible != nil {
			yield(ramp.Summary{}, d.invisible)
			return
		}
		for _, run := range d.past[id.Direction.WorkflowID(id.Reference)] {
			if !yield(run.summary(), nil) {
				return
			}
		}
	}
}

func (d *fake) Strays(_ context.Context, condition string) iter.Seq2[ramp.Summary, error] {
	d.strayed = condition
	return func(yield func(ramp.Summary, error) bool) {
		for _, stray := range d.strays {
			if !yield(stray, nil) {
				return
			}
		}
	}
}

func (d *fake) Hasher(context.Context) (ramp.Hasher, error) { return d.hasher, d.keyless }

func (d *fake) NotSetUp(context.Context) error { return d.notSetUp }

func (d *fake) Watch(ctx context.Context, _ ramp.ID) iter.Seq2[*ramp.Order, error] {
	return func(yield func(*ramp.Order, error) bool) {
		if len(d.outages) > 0 {
			outage := d.outages[0]
			d.outages = d.outages[1:]
			yield(nil, outage)
			return
		}
		for _, state := range d.states {
			if !yield(state, nil) {
				return
			}
		}
		if len(d.states) == 0 || !d.states[len(d.states)-1].Status.Final() {
			<-ctx.Done()
			yield(nil, ctx.Err())
		}
	}
}

func (d *fake) Search(_ context.Context, filter ramp.Filter, condition string) iter.Seq2[ramp.Summary, error] {
	d.filter, d.condition = filter, condition
	return func(yield func(ramp.Summary, error) bool) {
		if d.unknown != "" && strings.Contains(condition, d.unknown) {
			yield(ramp.Summary{}, serviceerror.NewInvalidArgument("invalid query: column name '"+d.unknown+"' is not defined"))
			return
		}
		for _, summary := range d.summaries {
			if !yield(summary, nil) {
				return
			}
		}
		if d.err != nil {
			yield(ramp.Summary{}, d.err)
		}
	}
}

func (d *fake) SubmitUTR(_ context.Context, reference, utr string) (*ramp.Order, error) {
	return d.answer("submit-utr "+utr, ramp.ID{Direction: ramp.Onramp, Reference: reference})
}

func (d *fake) SubmitTransactionHash(_ context.Context, reference, hash string) (*ramp.Order, error) {
	return d.answer("submit-hash "+hash, ramp.ID{Direction: ramp.Offramp, Reference: reference})
}

func (d *fake) SubmitKYC(_ context.Context, id ramp.ID, dossier string) (*ramp.Order, error) {
	return d.answer("submit-kyc "+dossier, id)
}

func (d *fake) SubmitAccount(_ context.Context, id ramp.ID, account ramp.AccountSubmission) (*ramp.Order, error) {
	d.account = &account
	return d.answer("submit-account", id)
}

func (d *fake) ConfirmQuote(_ context.Context, id ramp.ID, quote string) (*ramp.Order, error) {
	return d.answer("confirm-quote "+quote, id)
}

func (d *fake) Cancel(_ context.Context, id ramp.ID) (*ramp.Order, error) {
	return d.answer("cancel", id)
}

func (d *fake) ListSearchAttributes(
	context.Context, *operatorservice.ListSearchAttributesRequest, ...grpc.CallOption,
) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: d.attributes}, nil
}

func (d *fake) AddSearchAttributes(
	context.Context, *operatorservice.AddSearchAttributesRequest, ...grpc.CallOption,
) (*operatorservice.AddSearchAttributesResponse, error) {
	return nil, d.err
}

func (d *fake) DescribeNamespace(
	context.Context, *workflowservice.DescribeNamespaceRequest, ...grpc.CallOption,
) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{
		Config: &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(d.retention)},
	}, nil
}

func (d *fake) RegisterNamespace(
	context.Context, *workflowservice.RegisterNamespaceRequest, ...grpc.CallOption,
) (*workflowservice.RegisterNamespaceResponse, error) {
	return nil, d.err
}

func (d *fake) UpdateNamespace(
	_ context.Context, request *workflowservice.UpdateNamespaceRequest, _ ...grpc.CallOption,
) (*workflowservice.UpdateNamespaceResponse, error) {
	d.retention = request.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration()
	return &workflowservice.UpdateNamespaceResponse{}, d.err
}

// result is the result of a command line.
type result struct {
	code           int
	stdout, stderr string
}

// terminal runs command lines.
type terminal struct {
	fake        *fake
	stdin       string
	environment environment
	// tee gets standard output while the command runs, if it is set.
	tee io.Writer
	// unreachable is set if Temporal does not answer.
	unreachable bool
	// connectedWith is the environment of the latest connection.
	connectedWith envconfig.EnvLookup
}

func (x *terminal) run(t *testing.T, arguments ...string) result {
	t.Helper()
	return x.runFor(t.Context(), arguments...)
}

func (x *terminal) runFor(ctx context.Context, arguments ...string) result {
	var stdout, stderr bytes.Buffer
	var output io.Writer = &stdout
	if x.tee != nil {
		output = io.MultiWriter(&stdout, x.tee)
	}
	program := &commands.Program{
		Name:        "bin/starter",
		Stdin:       strings.NewReader(x.stdin),
		Stdout:      output,
		Stderr:      &stderr,
		Environment: x.environment,
		Connect:     x.connect,
		Now:         func() time.Time { return at(6, 0, 3) },
	}
	code := program.Run(ctx, arguments)
	return result{code, stdout.String(), stderr.String()}
}

func (x *terminal) connect(_ context.Context, environment envconfig.EnvLookup) (*commands.Connection, error) {
	x.connectedWith = environment
	if x.unreachable {
		return nil, &connection.UnreachableError{Address: "localhost:7233", Cause: io.ErrUnexpectedEOF}
	}
	return &commands.Connection{
		Orders:     x.fake,
		Search:     x.fake.Search,
		Strays:     x.fake.Strays,
		Hasher:     x.fake.Hasher,
		Workflows:  x.fake.workflows,
		NotSetUp:   x.fake.NotSetUp,
		Operator:   x.fake,
		Namespaces: x.fake,
		Temporal:   x.fake,
		Deliveries: x.fake,

		Reconciliations: reconciliations{x.fake},

		Reader:    explain.NewReader(nil, nil),
		Address:   "localhost:7233",
		Namespace: "default",
		Explain:   func(err error) error { return err },
		Close:     func() {},
	}, nil
}

// environment is a fixed set of variables.
type environment map[string]string

func (e environment) Environ() []string { return nil }

func (e environment) LookupEnv(name string) (string, bool) {
	value, found := e[name]
	return value, found
}

func with(orders ...*ramp.Order) *terminal {
	d := &fake{orders: make(map[string]*ramp.Order)}
	for _, order := range orders {
		d.orders[order.Direction.WorkflowID(order.Reference)] = order
	}
	return &terminal{fake: d}
}

func at(hour, minute, second int) time.Time {
	return time.Date(2026, time.November, 23, hour, minute, second, 0, time.UTC)
}

// order returns an order with payment instructions.
func order(direction ramp.Direction, reference string, status ramp.Status) *ramp.Order {
	return &ramp.Order{
		Reference: reference, Direction: direction, Status: status, OrderID: "6b03b894",
		Quote:     &ramp.Quote{ID: "q-1", Pay: ramp.Amount{Amount: "1000.00", Currency: "INR"}, Receive: ramp.Amount{Amount: "10.64", Currency: "USDC"}},
		ExpiresAt: at(9, 0, 0), CreatedAt: at(6, 0, 0), UpdatedAt: at(6, 0, 2),
		Instructions: &ramp.Instructions{UPI: &ramp.UPIInstructions{QR: "upi://pay?pa=merchant0001@examplebank&am=1000.00", VPA: "merchant0001@examplebank"}},
		Timeline:     []ramp.TimelineEntry{{Status: status, At: at(6, 0, 2), Note: "as it should"}},
	}
}

// later returns the order a minute later, in another status.
func later(from *ramp.Order, status ramp.Status) *ramp.Order {
	next := *from
	next.Status = status
	next.UpdatedAt = from.UpdatedAt.Add(time.Minute)
	next.Timeline = append(from.Timeline[:len(from.Timeline):len(from.Timeline)], ramp.TimelineEntry{Status: status, At: next.UpdatedAt})
	return &next
}

// file writes a file for --file and returns its name.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "order.json")
	require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

// decoded decodes a JSON document.
func decoded[T any](t *testing.T, text string) T {
	t.Helper()
	var document T
	require.NoError(t, json.Unmarshal([]byte(text), &document), text)
	return document
}

func (d *fake) Deliveries(_ context.Context, filter ramp.DeliveryFilter) iter.Seq2[ramp.Delivery, error] {
	return func(yield func(ramp.Delivery, error) bool) {
		for _, delivery := range d.deliveries {
			if (filter.State == "" || filter.State == delivery.State) && !yield(delivery, nil) {
				return
			}
		}
	}
}

func (d *fake) Delivery(_ context.Context, id string) (ramp.Delivery, error) {
	for _, delivery := range d.deliveries {
		if delivery.ID == id {
			delivery.Attempts, delivery.Failure = 7, ramp.EventRefused
			if delivery.State == ramp.Delivering {
				delivery.Failure, delivery.NextAttemptAt = ramp.EventNotDelivered, at(7, 0, 0)
			}
			return delivery, nil
		}
	}
	return ramp.Delivery{}, &ramp.Error{Type: ramp.NotFound, Message: "there is no delivery with this id"}
}

func (d *fake) ResendDelivery(_ context.Context, id string) error {
	if strings.Contains(id, "under-way") {
		return &ramp.Error{Type: ramp.NotAwaited, Message: "this delivery is under way"}
	}
	d.calls = append(d.calls, "resend "+id)
	return d.err
}

func (d *fake) EnableEndpoint(_ context.Context, endpoint string) error {
	d.calls = append(d.calls, "enable "+endpoint)
	return d.err
}

func (d *fake) DisabledEndpoints(context.Context) ([]string, error) { return d.disabled, nil }
