package e2e_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"rampart/codec"
	"rampart/internal/payloadmeta"
	"rampart/onmeta"
	"rampart/ramp"
	"rampart/sandbox/fault"
)

// histories is the directory in which missing histories of these orders are recorded (make histories); empty records none.
var histories = os.Getenv("RAMP_HISTORIES")

// orderPath is a path through the lifecycle of an order.
type orderPath struct {
	name   string
	id     func(reference string) ramp.ID
	ending ramp.Status
	// buy and sell change the default request, and faults are injected into the order's calls.
	buy    func(*ramp.OnrampRequest)
	sell   func(*ramp.OfframpRequest)
	faults []string
	// begin starts the order; the default is update-with-start. act is what its user does then.
	begin func(*pathRun) error
	act   func(*pathRun) error
}

// pathRun runs an order along a path.
type pathRun struct {
	*stack
	ctx  context.Context
	id   ramp.ID
	n    int
	path orderPath
}

func orderPaths() []orderPath {
	return []orderPath{
		{name: "onramp-completed", id: buy, ending: ramp.Completed, act: pay},
		{name: "onramp-proof-by-signal", id: buy, ending: ramp.Completed, begin: byPlainStart, act: signalProof},
		{name: "onramp-proof-before-the-order", id: buy, ending: ramp.Completed, begin: withEarlyProof},
		{name: "onramp-proof-before-it-begins", id: buy, ending: ramp.Completed, begin: withEarlyProof},
		{name: "onramp-proof-in-the-request", id: buy, ending: ramp.Completed, buy: func(r *ramp.OnrampRequest) { r.UTR = ramp.UTR(utrOf(900)) }},
		{name: "onramp-refused-proof-first", id: buy, ending: ramp.Completed, act: inTurn(refusedProof, pay)},
		{name: "onramp-malformed-signal-first", id: buy, ending: ramp.Completed, act: inTurn(malformedSignal, pay)},
		{name: "onramp-same-proof-by-signal-and-update", id: buy, ending: ramp.Completed, act: inTurn(signalProof, payOnceMore)},
		{name: "onramp-two-proofs-at-once", id: buy, ending: ramp.Completed, act: inTurn(signalProof, otherProof)},
		{name: "onramp-cancel-after-proof", id: buy, ending: ramp.Completed, act: inTurn(pay, refusedCancel)},
		{name: "onramp-quote-confirmed", id: buy, ending: ramp.Completed, act: inTurn(confirm, pay),
			buy: func(r *ramp.OnrampRequest) { r.Quote = &ramp.QuoteTerms{Confirm: true} }},
		{name: "onramp-account-refused-first", id: buy, ending: ramp.Completed, act: inTurn(anotherAccount, pay),
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(unlinked(string(r.Email)))
				r.UPI.ID = "ashafailed@okbank"
			}},
		{name: "onramp-account-checked", id: buy, ending: ramp.Completed, act: pay,
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(unlinked(string(r.Email)))
				r.UPI.ID = "ashapending@okbank"
			}},
		{name: "onramp-dossier-asked-for", id: buy, ending: ramp.Completed, act: inTurn(submitDossier, pay),
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(strings.Replace(string(r.Email), "+linked", "+nokyc", 1))
			}},
		{name: "onramp-dossier-replaced-in-review", id: buy, ending: ramp.Completed, act: inTurn(submitDossier, submitDossier, pay),
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(strings.Replace(string(r.Email), "+linked", "+review", 1))
			}},
		{name: "onramp-late-payment", id: buy, ending: ramp.Completed, act: pay, buy: amount("1000.09")},
		{name: "onramp-unknown-status", id: buy, ending: ramp.Completed, act: pay, buy: amount("1000.03")},
		{name: "onramp-statuses-out-of-order", id: buy, ending: ramp.Completed, act: pay, buy: amount("1000.04")},
		{name: "onramp-lost-creation", id: buy, ending: ramp.Completed, act: pay, buy: byBank,
			faults: []string{`"fault":"reset","after":true,"route":"POST /v1/orders/create","times":1`}},
		{name: "onramp-late-creation", id: buy, ending: ramp.Completed, act: pay,
			faults: []string{`"fault":"latency","delay":"4s","route":"POST /v1/orders/create","times":1`}},
		{name: "onramp-outage-in-the-watch", id: buy, ending: ramp.Completed, act: pay,
			faults: []string{`"fault":"error","route":"POST /v1/orders/status","skip":1,"times":4`}},
		{name: "onramp-provider-unsure-at-the-deadline", id: buy, ending: ramp.Completed, act: unsure},
		{name: "onramp-paid-without-proof", id: buy, ending: ramp.Completed, act: paidUnseen},
		{name: "onramp-expired", id: buy, ending: ramp.Expired},
		{name: "onramp-never-paid", id: buy, ending: ramp.Expired, act: payNothing},
		{name: "onramp-cancelled", id: buy, ending: ramp.Cancelled, act: cancelOrder},
		{name: "onramp-cancelled-waiting-for-an-account", id: buy, ending: ramp.Cancelled, act: cancelOrder,
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(unlinked(string(r.Email)))
				r.UPI.ID = "ashafailed@okbank"
			}},
		{name: "onramp-cancelled-by-the-provider", id: buy, ending: ramp.Cancelled, act: pay, buy: amount("1000.01")},
		{name: "onramp-refunded", id: buy, ending: ramp.Refunded, act: pay, buy: amount("1000.02")},
		{name: "onramp-rejected", id: buy, ending: ramp.Rejected, buy: amount("1.00")},

		{name: "offramp-completed", id: sell, ending: ramp.Completed, act: pay},
		{name: "offramp-proof-by-signal", id: sell, ending: ramp.Completed, begin: byPlainStart, act: signalProof},
		{name: "offramp-proof-before-the-order", id: sell, ending: ramp.Completed, begin: withEarlyProof},
		{name: "offramp-refused-proof-first", id: sell, ending: ramp.Completed, act: inTurn(refusedProof, pay)},
		{name: "offramp-by-payout", id: sell, ending: ramp.Completed, act: pay,
			sell: func(r *ramp.OfframpRequest) { r.TokenAmount, r.Fiat.Amount = "", "8400.00" }},
		{name: "offramp-payout-retried", id: sell, ending: ramp.Completed, act: pay, sell: tokens("100.07")},
		{name: "offramp-other-success", id: sell, ending: ramp.Completed, act: pay, sell: tokens("100.08")},
		{name: "offramp-lost-proof-answer", id: sell, ending: ramp.Completed, act: pay,
			faults: []string{`"fault":"reset","after":true,"route":"POST /v1/offramp/orders/txnhash","times":1`}},
		{name: "offramp-account-refused-first", id: sell, ending: ramp.Completed, act: inTurn(anotherAccount, pay),
			sell: func(r *ramp.OfframpRequest) {
				r.Email = ramp.Email(unlinked(string(r.Email)))
				r.Bank.AccountNumber = "50100000009002"
			}},
		{name: "offramp-expired", id: sell, ending: ramp.Expired},
		{name: "offramp-cancelled", id: sell, ending: ramp.Cancelled, act: cancelOrder},
		{name: "offramp-refunded", id: sell, ending: ramp.Refunded, act: pay, sell: tokens("100.01")},
		{name: "offramp-rejected", id: sell, ending: ramp.Rejected, sell: tokens("1")},
	}
}

// correctionPaths are the paths on which the user or the provider revises something.
func correctionPaths() []orderPath {
	return []orderPath{
		{name: "onramp-proof-set-aside", id: buy, ending: ramp.Completed, act: proofUnderALateKey},
		{name: "onramp-proof-corrected", id: buy, ending: ramp.Completed, act: inTurn(mistype, pay)},
		{name: "onramp-proof-corrected-by-signal", id: buy, ending: ramp.Completed, act: inTurn(mistype, signalProof)},
		{name: "onramp-correction-refused", id: buy, ending: ramp.Completed, act: inTurn(mistype, refusedProof, pay)},
		{name: "onramp-correction-lost-its-answer", id: buy, ending: ramp.Completed, act: inTurn(mistype, pay),
			faults: []string{`"fault":"reset","after":true,"route":"POST /v1/orders/utr","skip":1,"times":1`}},
		{name: "onramp-correction-after-payment", id: buy, ending: ramp.Completed, act: inTurn(pay, untilPaid, conflictingProof)},
		{name: "onramp-proofs-without-end", id: buy, ending: ramp.Completed, act: proofsWithoutEnd},
		{name: "onramp-cancelled-after-asking", id: buy, ending: ramp.Cancelled, act: cancelOrder},
		{name: "onramp-cancelled-while-nobody-knows", id: buy, ending: ramp.Cancelled, act: cancelUnclear},
		{name: "onramp-cancellation-refused-as-paid", id: buy, ending: ramp.Completed, act: inTurn(findPayment, refusedCancel, complete)},
		{name: "onramp-cancellation-gives-way-to-a-proof", id: buy, ending: ramp.Completed, act: cancelThenPay,
			faults: []string{`"fault":"latency","delay":"8s","route":"POST /v1/orders/status","times":1`}},
		{name: "onramp-proof-of-a-cancelled-order", id: buy, ending: ramp.Cancelled, act: inTurn(force("cancelled"), refusedProof)},
		{name: "onramp-proof-of-an-expired-order", id: buy, ending: ramp.Expired, act: inTurn(force("expired"), refusedProof)},
		{name: "onramp-lost-instructions", id: buy, ending: ramp.Completed, act: pay,
			faults: []string{`"fault":"reset","after":true,"route":"POST /v1/orders/create","times":1`}},
		{name: "onramp-told-no-way-to-pay", id: buy, ending: ramp.Completed, act: pay, buy: func(r *ramp.OnrampRequest) { r.Fiat.Amount = "1000.11" }},
		{name: "onramp-reopened", id: buy, ending: ramp.Completed, act: inTurn(mistype, force("expired"), untilAttention, force("fiatPending"), untilReopened, pay)},
		{name: "onramp-expired-though-paid", id: buy, ending: ramp.Completed, act: inTurn(findPayment, refusedCancel, force("expired"), untilAttention, complete)},
		{name: "onramp-verified-elsewhere", id: buy, ending: ramp.Completed, act: inTurn(verifyElsewhere, pay),
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(strings.Replace(string(r.Email), "+linked", "+nokyc", 1))
			}},
		{name: "onramp-other-dossier-in-review", id: buy, ending: ramp.Completed, act: inTurn(submitDossier, submitDossier, verifyElsewhere, pay),
			buy: func(r *ramp.OnrampRequest) {
				r.Email = ramp.Email(strings.Replace(string(r.Email), "+linked", "+neververified", 1))
			}},

		{name: "onramp-adopted", id: buy, ending: ramp.Completed, begin: byTakingOver, act: pay},

		{name: "offramp-proof-corrected", id: sell, ending: ramp.Completed, act: inTurn(mistype, pay)},
		{name: "offramp-cancelled-after-asking", id: sell, ending: ramp.Cancelled, act: cancelOrder},
		{name: "offramp-refused-proof-though-received", id: sell, ending: ramp.Completed, act: inTurn(force("CryptoReceived"), refusedProofThoughPaid, force("PayoutSuccess"))},
	}
}

// TestOrdersOnEveryPathEndAsExpectedAndReplay runs all paths at once, with a worker without a workflow cache: every workflow task
// replays its order from the beginning. The worker is killed meanwhile.
func TestOrdersOnEveryPathEndAsExpectedAndReplay(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360, withEnvironment("RAMP_WORKFLOW_CACHE=0"))
	s.runPaths(orderPaths())
	s.recordOthers()
}

// TestOrdersOnEveryPathWithCorrectionsEndAsExpectedAndReplay does so with the other paths, whose users need more time.
func TestOrdersOnEveryPathWithCorrectionsEndAsExpectedAndReplay(t *testing.T) {
	t.Parallel()
	s := newStack(t, 90, withEnvironment("RAMP_WORKFLOW_CACHE=0"))
	s.runPaths(correctionPaths())
}

// TestOrdersOnEveryPathWithAWorsePriceAreConfirmedAgainAndReplay worsens the price after a user has confirmed it: the payout
// stays and takes more tokens. The provider's clock runs in real time, because quotes last half a minute of real time.
func TestOrdersOnEveryPathWithAWorsePriceAreConfirmedAgainAndReplay(t *testing.T) {
	t.Parallel()
	s := newStack(t, 1, withEnvironment("RAMP_WORKFLOW_CACHE=0"))
	s.advanceToAGoodPrice()
	payout := func(r *ramp.OfframpRequest) {
		r.TokenAmount, r.Fiat.Amount, r.Quote = "", "9000.06", &ramp.QuoteTerms{Confirm: true}
	}
	s.runPaths([]orderPath{
		{name: "offramp-order-dearer-than-agreed", id: sell, ending: ramp.Cancelled, sell: payout,
			act: inTurn(confirmDearer(0), in(ramp.AwaitingPayment), cancelOrder)},
		{name: "offramp-payout-agreed-again", id: sell, ending: ramp.Cancelled, sell: payout,
			act: inTurn(confirmDearer(onmeta.QuoteValidity), in(ramp.AwaitingPayment), cancelOrder)},
	})
}

func (s *stack) runPaths(all []orderPath) {
	s.t.Helper()
	travels := make([]*pathRun, len(all))
	for i, road := range all {
		travels[i] = &pathRun{stack: s, ctx: s.t.Context(), id: road.id(road.name), n: i + 1, path: road}
		for _, fault := range road.faults {
			s.post("/sandbox/faults", "{"+fault+fmt.Sprintf(`,"reference":%q}`, road.name))
		}
	}
	var travelling errgroup.Group
	travelling.SetLimit(20)
	for _, traveller := range travels {
		travelling.Go(traveller.run)
	}
	require.NoError(s.t, travelling.Wait())
	s.worker.Kill()
	s.startWorker()
	for _, traveller := range travels {
		order := s.await(traveller.id, 2*completionTime, func(order *ramp.Order) bool { return order.Status.Final() })
		require.Equal(s.t, traveller.path.ending, order.Status, "%s: %+v", traveller.path.name, order.Timeline)
		s.requireReplay(traveller.id)
		s.record(traveller.path.name, s.history(traveller.id))
	}
}

// recordOthers records workflows that are not orders: refused requests, and the claim of an adopted order.
func (s *stack) recordOthers() {
	s.t.Helper()
	for kind, request := range map[string]any{ramp.OnrampWorkflow: ramp.OnrampRequest{Reference: "x"}, ramp.OfframpWorkflow: ramp.OfframpRequest{}} {
		id := strings.ToLower(kind) + "/x"
		run, err := s.Temporal.ExecuteWorkflow(s.t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: ramp.TaskQueue}, kind, request)
		require.NoError(s.t, err)
		require.Error(s.t, run.Get(s.t.Context(), nil))
		s.record(strings.ToLower(kind)+"-invalid-request", s.history(ramp.ID{Direction: ramp.Direction(strings.ToLower(kind)), Reference: "x"}))
	}
	again := buy("again")
	s.startPlainly(again, onrampRequest("again"))
	require.NoError(s.t, s.Temporal.CancelWorkflow(s.t.Context(), "onramp/again", ""))
	s.awaitStatus(again, completionTime, ramp.Cancelled)
	requireReferenceTaken(s.t, s.startPlainly(again, onrampRequest("again")))
	s.record("onramp-reference-taken", s.history(again))
	reserved := onrampRequest("reserved")
	reserved.Metadata = map[string]string{"Reference": "of another order"}
	run, err := s.Temporal.ExecuteWorkflow(s.t.Context(), client.StartWorkflowOptions{ID: "onramp/reserved", TaskQueue: ramp.TaskQueue},
		ramp.OnrampWorkflow, reserved)
	require.NoError(s.t, err)
	require.ErrorContains(s.t, run.Get(s.t.Context(), nil), "metadata.Reference must be left out")
	s.record("onramp-reserved-metadata", s.history(ramp.ID{Direction: ramp.Onramp, Reference: "reserved"}))
	run, err = s.Temporal.ExecuteWorkflow(s.t.Context(), client.StartWorkflowOptions{ID: ramp.AdoptionID("1"), TaskQueue: ramp.TaskQueue},
		ramp.AdoptionWorkflow, "onramp/x")
	require.NoError(s.t, err)
	require.NoError(s.t, run.Get(s.t.Context(), nil))
	s.record("adoption", s.history(ramp.ID{Direction: "adoption", Reference: "1"}))
}

// record writes a decrypted history for the replay tests of the workflows, unless it exists: orders that began with the recorded code may
// be running. All data in it are invented.
func (s *stack) record(name string, history proto.Message) {
	s.t.Helper()
	path := filepath.Join(histories, name+".json.gz")
	if _, err := os.Stat(path); histories == "" || err == nil {
		return
	}
	keyring := s.Keyring
	if s.newKeyring != nil {
		keyring = s.newKeyring
	}
	own := codec.New(keyring, "default")
	require.NoError(s.t, proxy.VisitPayloads(s.t.Context(), history, proxy.VisitPayloadsOptions{
		SkipSearchAttributes: true,
		Visitor: func(_ *proxy.VisitPayloadsContext, payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
			opened, err := own.Decode(payloads)
			for i, payload := range opened {
				if key := codec.KeyID(payloads[i]); key != "" && key != s.Keyring.Primary() {
					payload.Metadata[payloadmeta.MetadataKeyID] = []byte(key) // as the worker's converter marks it
				}
			}
			return opened, err
		},
	}))
	content, err := protojson.Marshal(history)
	require.NoError(s.t, err)
	file, err := os.Create(path)
	require.NoError(s.t, err)
	packed := gzip.NewWriter(file)
	_, err = packed.Write(content)
	require.NoError(s.t, errors.Join(err, packed.Close(), file.Close()))
}

func (t *pathRun) run() error {
	begin := t.path.begin
	if begin == nil {
		begin = byUpdateWithStart
	}
	if err := begin(t); err != nil {
		return fmt.Errorf("%s: begin: %w", t.path.name, err)
	}
	if t.path.act == nil {
		return nil
	}
	if err := t.path.act(t); err != nil {
		return fmt.Errorf("%s: %w", t.path.name, err)
	}
	return nil
}

func (t *pathRun) request() any {
	if t.id.Direction == ramp.Onramp {
		request := onrampRequest(t.id.Reference)
		request.Email = ramp.Email(fmt.Sprintf("asha+linked+%d@example.test", t.n))
		if t.path.buy != nil {
			t.path.buy(&request)
		}
		return request
	}
	request := offrampRequest(t.id.Reference)
	request.Email = ramp.Email(fmt.Sprintf("asha+linked+%d@example.test", t.n))
	if t.path.sell != nil {
		t.path.sell(&request)
	}
	return request
}

func (t *pathRun) proof(n int) (name string, argument any) {
	if t.id.Direction == ramp.Onramp {
		return ramp.SubmitUTR, ramp.UTRSubmission{UTR: ramp.UTR(utrOf(100*t.n + n))}
	}
	return ramp.SubmitTransactionHash, ramp.HashSubmission{TransactionHash: hashOf(100*t.n + n)}
}

func (t *pathRun) submit(n int) error {
	var err error
	switch _, argument := t.proof(n); proof := argument.(type) {
	case ramp.UTRSubmission:
		_, err = t.Orders.SubmitUTR(t.ctx, t.id.Reference, string(proof.UTR))
	case ramp.HashSubmission:
		_, err = t.Orders.SubmitTransactionHash(t.ctx, t.id.Reference, proof.TransactionHash)
	}
	return err
}

func (t *pathRun) signal(name string, argument any) error {
	return t.Temporal.SignalWorkflow(t.ctx, t.id.Direction.WorkflowID(t.id.Reference), "", name, argument)
}

func (t *pathRun) until(wanted func(*ramp.Order) bool) error {
	for order, err := range t.Orders.Watch(t.ctx, t.id) {
		if err != nil {
			return err
		}
		if wanted(order) {
			return nil
		}
	}
	return fmt.Errorf("the order ended before what was waited for")
}

func (t *pathRun) in(statuses ...ramp.Status) error {
	return t.until(func(order *ramp.Order) bool { return slices.Contains(statuses, order.Status) })
}

// Ways to start an order.

func byUpdateWithStart(t *pathRun) error {
	var err error
	switch request := t.request().(type) {
	case ramp.OnrampRequest:
		_, err = t.Orders.StartOnramp(t.ctx, request)
	case ramp.OfframpRequest:
		_, err = t.Orders.StartOfframp(t.ctx, request)
	}
	return err
}

func byPlainStart(t *pathRun) error {
	_, err := t.Temporal.ExecuteWorkflow(t.ctx, client.StartWorkflowOptions{
		ID: t.id.Direction.WorkflowID(t.id.Reference), TaskQueue: ramp.TaskQueue,
	}, t.id.Direction.WorkflowType(), t.request())
	return err
}

func withEarlyProof(t *pathRun) error {
	name, proof := t.proof(1)
	id := t.id.Direction.WorkflowID(t.id.Reference)
	_, err := t.Temporal.SignalWithStartWorkflow(t.ctx, id, name, proof,
		client.StartWorkflowOptions{ID: id, TaskQueue: ramp.TaskQueue}, t.id.Direction.WorkflowType(), t.request())
	return err
}

// byTakingOver starts an order that takes over one that the provider has and that nobody here asked for.
func byTakingOver(t *pathRun) error {
	first := *t
	first.id.Reference += "-first"
	if err := byUpdateWithStart(&first); err != nil {
		return err
	}
	order, err := t.Orders.Get(t.ctx, first.id)
	if err != nil {
		return err
	}
	twin, err := t.copyAtProvider(order.OrderID)
	if err != nil {
		return err
	}
	t.path.buy = func(r *ramp.OnrampRequest) { r.Adopt = &ramp.AdoptedOrder{OrderID: twin} }
	return byUpdateWithStart(t)
}

// copyAtProvider makes another order like this one at the provider, and returns its id.
func (s *stack) copyAtProvider(orderID string) (string, error) {
	response, err := http.Post(s.Sandbox+"/sandbox/orders/"+orderID+"/copy", "application/json", nil)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var twin struct {
		ID string `json:"id"`
	}
	err = json.NewDecoder(response.Body).Decode(&twin)
	return twin.ID, err
}

// Actions of users and of the provider.

func inTurn(acts ...func(*pathRun) error) func(*pathRun) error {
	return func(t *pathRun) error {
		for _, act := range acts {
			if err := act(t); err != nil {
				return err
			}
		}
		return nil
	}
}

func pay(t *pathRun) error {
	if err := t.in(ramp.AwaitingPayment, ramp.VerifyingPayment, ramp.Settling, ramp.Completed); err != nil {
		return err
	}
	return t.submit(1)
}

func signalProof(t *pathRun) error {
	name, proof := t.proof(1)
	return t.signal(name, proof)
}

// payOnceMore submits a proof that the order has. The order may be over meanwhile.
func payOnceMore(t *pathRun) error {
	if err := pay(t); !ramp.IsError(err, ramp.OrderOver) {
		return err
	}
	return nil
}

// proofUnderALateKey submits a proof as a backend that has a new key before the workers.
func proofUnderALateKey(t *pathRun) error {
	name, proof := t.proof(1)
	if err := t.dialWithNewKey().SignalWorkflow(t.ctx, t.id.Direction.WorkflowID(t.id.Reference), "", name, proof); err != nil {
		return err
	}
	if err := untilAttention(t); err != nil {
		return err
	}
	t.distributeNewKey()
	return nil
}

// otherProof submits another proof. Either of the two may be accepted, and the provider refuses one for an order that it has ended.
func otherProof(t *pathRun) error {
	err := t.submit(2)
	if err == nil || ramp.IsError(err, ramp.ProofConflict) || ramp.IsError(err, ramp.OrderOver) || ramp.IsError(err, ramp.ProofRefused) {
		return nil
	}
	return err
}

func refusedProof(t *pathRun) error {
	var err error
	if t.id.Direction == ramp.Onramp {
		_, err = t.Orders.SubmitUTR(t.ctx, t.id.Reference, "000000000000")
	} else {
		_, err = t.Orders.SubmitTransactionHash(t.ctx, t.id.Reference, "0x"+strings.Repeat("0", 64))
	}
	if !ramp.IsError(err, ramp.ProofRefused) {
		return fmt.Errorf("the proof was not refused: %w", err)
	}
	return nil
}

func malformedSignal(t *pathRun) error {
	name, _ := t.proof(1)
	return t.signal(name, map[string]any{"reference": 42})
}

func refusedCancel(t *pathRun) error {
	_, err := t.Orders.Cancel(t.ctx, t.id)
	if !ramp.IsError(err, ramp.CancelRefused) && !ramp.IsError(err, ramp.OrderOver) {
		return fmt.Errorf("the cancellation was not refused: %w", err)
	}
	err = t.Temporal.CancelWorkflow(t.ctx, t.id.Direction.WorkflowID(t.id.Reference), "")
	var over *serviceerror.NotFound
	if errors.As(err, &over) { // the order was faster
		return nil
	}
	return err
}

func cancelOrder(t *pathRun) error {
	_, err := t.Orders.Cancel(t.ctx, t.id)
	return err
}

func confirm(t *pathRun) error {
	order, err := t.Orders.Get(t.ctx, t.id)
	if err != nil {
		return err
	}
	_, err = t.Orders.ConfirmQuote(t.ctx, t.id, order.Quote.ID)
	return err
}

func anotherAccount(t *pathRun) error {
	account := ramp.AccountSubmission{UPI: &ramp.UPIAccount{ID: "asha@okbank", Name: "Asha Rao"}}
	if t.id.Direction == ramp.Offramp {
		account = ramp.AccountSubmission{Bank: offrampRequest("").Bank}
	}
	_, err := t.Orders.SubmitAccount(t.ctx, t.id, account)
	return err
}

func submitDossier(t *pathRun) error {
	_, err := t.Orders.SubmitKYC(t.ctx, t.id, writeDossier(t.t, dossier(string(t.request().(ramp.OnrampRequest).Email))))
	return err
}

// payNothing submits a UTR that the provider accepts and whose payment it never finds.
func payNothing(t *pathRun) error {
	_, err := t.Orders.SubmitUTR(t.ctx, t.id.Reference, fmt.Sprintf("9999%08d", t.n))
	return err
}

// mistype submits a proof that the provider accepts and whose payment it never finds.
func mistype(t *pathRun) error {
	if t.id.Direction == ramp.Onramp {
		return payNothing(t)
	}
	_, err := t.Orders.SubmitTransactionHash(t.ctx, t.id.Reference, fmt.Sprintf("0x%060xdead", t.n))
	return err
}

// proofsWithoutEnd submits mistyped proofs until the order accepts no more; the provider then finds the payment by itself.
func proofsWithoutEnd(t *pathRun) error {
	for n := range 1000 {
		proof := ramp.UTRSubmission{UTR: ramp.UTR(fmt.Sprintf("9999%04d%04d", t.n, n))}
		_, err := t.Orders.SubmitUTR(t.ctx, t.id.Reference, string(proof.UTR))
		if ramp.IsError(err, ramp.ProofLimit) {
			return complete(t)
		}
		if err != nil {
			return err
		}
	}
	return errors.New("the order takes any number of proofs")
}

// in waits for a status of the order.
func in(status ramp.Status) func(*pathRun) error {
	return func(t *pathRun) error { return t.in(status) }
}

// force sets the status of the order at the provider.
func force(status string) func(*pathRun) error {
	return func(t *pathRun) error {
		order, err := t.Orders.Get(t.ctx, t.id)
		if err != nil {
			return err
		}
		t.setProviderStatus(order.OrderID, status)
		return nil
	}
}

// findPayment makes the provider find the payment by itself.
func findPayment(t *pathRun) error { return force("fiatReceived")(t) }

func complete(t *pathRun) error { return force("completed")(t) }

func untilPaid(t *pathRun) error { return t.in(ramp.Settling, ramp.Completed) }

func untilAttention(t *pathRun) error {
	return t.until(func(order *ramp.Order) bool { return order.Attention != "" })
}

func untilReopened(t *pathRun) error {
	return t.until(func(order *ramp.Order) bool { return order.ProviderStatus == "fiatPending" && order.Attention == "" })
}

func conflictingProof(t *pathRun) error {
	if err := t.submit(2); !ramp.IsError(err, ramp.ProofConflict) && !ramp.IsError(err, ramp.OrderOver) {
		return fmt.Errorf("the proof was no conflict: %w", err)
	}
	return nil
}

// refusedProofThoughPaid submits a proof that is refused; the order does not ask for another one.
func refusedProofThoughPaid(t *pathRun) error {
	_, err := t.Orders.SubmitTransactionHash(t.ctx, t.id.Reference, "0x"+strings.Repeat("0", 64))
	if !ramp.IsError(err, ramp.NotAwaited) {
		return fmt.Errorf("the proof was awaited: %w", err)
	}
	return untilPaid(t)
}

// cancelUnclear cancels an order while the provider's status does not tell whether it is paid, and then reports it as unpaid.
func cancelUnclear(t *pathRun) error {
	if err := force("complianceReview")(t); err != nil {
		return err
	}
	if err := t.Temporal.CancelWorkflow(t.ctx, t.id.Direction.WorkflowID(t.id.Reference), ""); err != nil {
		return err
	}
	if err := t.until(func(order *ramp.Order) bool { return order.ProviderStatus == "complianceReview" }); err != nil {
		return err
	}
	return force("fiatPending")(t)
}

// cancelThenPay submits a proof while the cancellation waits for the provider's status.
func cancelThenPay(t *pathRun) error {
	if err := t.Temporal.CancelWorkflow(t.ctx, t.id.Direction.WorkflowID(t.id.Reference), ""); err != nil {
		return err
	}
	eventually(t.t, patience, func() error {
		var rules []fault.Rule
		if err := t.read("/sandbox/faults", &rules); err != nil {
			return err
		}
		for _, rule := range rules {
			if rule.Reference == t.id.Reference && rule.Injected > 0 {
				return nil
			}
		}
		return errors.New("the provider was not asked")
	})
	return signalProof(t)
}

// verifyElsewhere makes the provider verify the user without a dossier of this order.
func verifyElsewhere(t *pathRun) error {
	t.post("/sandbox/users", fmt.Sprintf(`{"email":%q,"kyc":"verified"}`, string(t.request().(ramp.OnrampRequest).Email)))
	return nil
}

// confirmDearer confirms a quote of a certain age after the price has become worse, and then the quote that replaces it.
func confirmDearer(age time.Duration) func(*pathRun) error {
	return func(t *pathRun) error { return t.confirmDearer(age) }
}

func (t *pathRun) confirmDearer(age time.Duration) error {
	first, err := t.Orders.Get(t.ctx, t.id)
	if err != nil {
		return err
	}
	<-time.After(age)
	t.advanceToAGoodPrice()
	t.setClock(`{"advance":"30s"}`)
	if _, err := t.Orders.ConfirmQuote(t.ctx, t.id, first.Quote.ID); err != nil {
		return err
	}
	var second *ramp.Quote
	if err := t.until(func(order *ramp.Order) bool {
		second = order.Quote
		return order.Status == ramp.AwaitingConfirmation && second.ID != first.Quote.ID
	}); err != nil {
		return err
	}
	if second.Pay.AtMost(first.Quote.Pay.Amount) {
		return fmt.Errorf("the user is asked again to pay %s, having agreed to %s", second.Pay.Amount, first.Quote.Pay.Amount)
	}
	_, err = t.Orders.ConfirmQuote(t.ctx, t.id, second.ID)
	return err
}

// unsure makes the provider report an unknown status at the deadline, and then a completed order.
func unsure(t *pathRun) error {
	order, err := t.Orders.Get(t.ctx, t.id)
	if err != nil {
		return err
	}
	t.setProviderStatus(order.OrderID, "complianceReview")
	if err := t.until(func(order *ramp.Order) bool { return order.ProviderStatus == "complianceReview" }); err != nil {
		return err
	}
	t.setProviderStatus(order.OrderID, "completed")
	return nil
}

// paidUnseen makes the provider find the payment by itself before the deadline.
func paidUnseen(t *pathRun) error {
	order, err := t.Orders.Get(t.ctx, t.id)
	if err != nil {
		return err
	}
	t.setProviderStatus(order.OrderID, "fiatReceived")
	if err := t.in(ramp.Settling); err != nil {
		return err
	}
	t.setProviderStatus(order.OrderID, "completed")
	return nil
}

// Changes of requests.

func amount(inr string) func(*ramp.OnrampRequest) {
	return func(r *ramp.OnrampRequest) { r.Fiat.Amount = inr }
}

func tokens(amount string) func(*ramp.OfframpRequest) {
	return func(r *ramp.OfframpRequest) { r.TokenAmount = amount }
}

func unlinked(email string) string { return strings.Replace(email, "+linked", "", 1) }

func byBank(r *ramp.OnrampRequest) {
	r.PaymentMethod, r.UPI = ramp.IMPS, nil
	r.Bank = &ramp.BankAccount{AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234"}
}
