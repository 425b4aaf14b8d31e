package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"rampart/ramp"
)

// receiver is a backend's endpoint. It answers 200 unless a test says otherwise.
type receiver struct {
	*httptest.Server
	mu sync.Mutex
	// answer decides about a request; nil is 200.
	answer func(r *http.Request) int
	// tried are the events of all requests, taken those that were answered 200.
	tried, taken []received
}

// received is an event as the endpoint gets it.
type received struct {
	ID      string     `json:"id"`
	Type    string     `json:"type"`
	Subject string     `json:"subject"`
	Data    ramp.Event `json:"data"`
}

func newReceiver(t *testing.T) *receiver {
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var event received
		if err := json.NewDecoder(request.Body).Decode(&event); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		r.tried = append(r.tried, event)
		answer := r.answer
		r.mu.Unlock()
		status := http.StatusOK
		if answer != nil {
			status = answer(request)
		}
		if status == http.StatusOK {
			r.mu.Lock()
			r.taken = append(r.taken, event)
			r.mu.Unlock()
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.CloseClientConnections)
	return r
}

// answers changes what the endpoint answers.
func (r *receiver) answers(answer func(*http.Request) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func always(status int) func(*http.Request) int { return func(*http.Request) int { return status } }

// of returns the events of an order that the endpoint took, in the order in which it first took each.
func (r *receiver) of(id ramp.ID) []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []received
	for _, event := range r.taken {
		repeated := slices.ContainsFunc(all, func(earlier received) bool { return earlier.ID == event.ID })
		if !repeated && event.Subject == id.Direction.WorkflowID(id.Reference) {
			all = append(all, event)
		}
	}
	return all
}

func (r *receiver) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.tried)
}

// withEndpoint has the workers deliver events to the endpoint, named "shop"; fields are further lines of it.
func withEndpoint(r *receiver, fields ...string) stackOption {
	return func(s *stack) {
		file := filepath.Join(s.t.TempDir(), "events.yaml")
		text := fmt.Sprintf("endpoints:\n  - name: shop\n    url: %s/hook\n    allowPrivate: true\n    secrets: [whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw]\n", r.URL)
		for _, field := range fields {
			text += "    " + field + "\n"
		}
		require.NoError(s.t, os.WriteFile(file, []byte(text), 0o600))
		s.environment = append(s.environment, "RAMP_EVENTS_FILE="+file)
	}
}

// requireNews waits until the endpoint has every event of a completed order, in order.
func (s *stack) requireNews(r *receiver, id ramp.ID, last ramp.Status) {
	s.t.Helper()
	var events []received
	eventually(s.t, 2*time.Minute, func() error {
		events = r.of(id)
		if len(events) == 0 || events[len(events)-1].Data.Status != last {
			return fmt.Errorf("%d events so far", len(events))
		}
		return nil
	})
	version := int64(0)
	var statuses []ramp.Status
	for _, event := range events {
		require.GreaterOrEqual(s.t, event.Data.Version, version, "%+v", events)
		version = event.Data.Version
		if event.Type == string(ramp.StatusChanged) {
			statuses = append(statuses, event.Data.Status)
		}
	}
	order, err := s.Orders.Get(s.t.Context(), id)
	require.NoError(s.t, err)
	var passed []ramp.Status
	for _, entry := range order.Timeline {
		passed = append(passed, entry.Status)
	}
	require.Equal(s.t, slices.Compact(passed), statuses, "every change of the status is an event, once")
}

// buyAndPay runs an order until it is completed.
func (s *stack) buyAndPay(request ramp.OnrampRequest) {
	s.t.Helper()
	_, err := s.Orders.StartOnramp(s.t.Context(), request)
	require.NoError(s.t, err)
	_, err = s.Orders.SubmitUTR(s.t.Context(), request.Reference, utrOf(len(request.Reference)*7+int(request.Reference[0])))
	require.NoError(s.t, err)
	s.awaitStatus(buy(request.Reference), completionTime, ramp.Completed)
}

func kinds(history *historypb.History) (all []enumspb.EventType) {
	for _, event := range history.GetEvents() {
		all = append(all, event.GetEventType())
	}
	return all
}

// TestOrdersOnEveryPathWithEventsCostFewHistoryEvents measures the budget: 14 events more an order where events are on, none where they
// are off.
func TestOrdersOnEveryPathWithEventsCostFewHistoryEvents(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := newStack(t, 360, withEnvironment("RAMP_WORKFLOW_CACHE=0"), withEndpoint(r, "perOrder: true"))
	s.buyAndPay(onrampRequest("silent"))
	request := onrampRequest("onramp-events")
	request.Events = &ramp.EventTarget{URL: ramp.Personal(r.URL + "/hook/7?token=0b3f")}
	s.buyAndPay(request)

	off, on := s.history(buy("silent")), s.history(buy("onramp-events"))
	require.NotContains(t, kinds(off), enumspb.EVENT_TYPE_MARKER_RECORDED)
	markers := 0
	for _, kind := range kinds(on) {
		if kind == enumspb.EVENT_TYPE_MARKER_RECORDED {
			markers++
		}
	}
	t.Logf("history events: off %d, on %d, of them %d of events handed over", len(off.GetEvents()), len(on.GetEvents()), markers)
	require.LessOrEqual(t, markers, 14)
	require.LessOrEqual(t, len(on.GetEvents()), len(off.GetEvents())+14)
	s.requireNews(r, buy("onramp-events"), ramp.Completed)
	require.Empty(t, r.of(buy("silent")))
	s.requireReplay(buy("silent"), buy("onramp-events"))
	s.record("onramp-events", on)

	request = onrampRequest("elsewhere")
	request.Events = &ramp.EventTarget{URL: "https://elsewhere.example.test/hook"}
	_, err := s.Orders.StartOnramp(t.Context(), request)
	var invalid *ramp.Error
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, ramp.InvalidRequest, invalid.Type)
	require.Equal(t, "events.url", invalid.Fields[0].Field)
	s.record("onramp-events-elsewhere", s.history(buy("elsewhere")))
}

func TestEndpointThatIsDownDelaysNoOrderAndLosesNoEvent(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.answers(always(http.StatusServiceUnavailable))
	s := newStack(t, 360, withEndpoint(r))
	began := time.Now()
	s.buyAndPay(onrampRequest("down"))
	took := time.Since(began)
	require.Empty(t, r.of(buy("down")))
	r.answers(nil)
	s.requireNews(r, buy("down"), ramp.Completed)
	began = time.Now()
	s.buyAndPay(onrampRequest("up"))
	require.Less(t, took, 2*time.Since(began)+10*time.Second)
	s.requireNews(r, buy("up"), ramp.Completed)
	s.requireReplay(buy("down"), buy("up"))
}

func TestKilledWorkerRepeatsAnEventAndDropsNone(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	arrived, killed := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.answers(func(request *http.Request) int { // the first event is taken, but the worker never learns it
		once.Do(func() { close(arrived); <-killed })
		return http.StatusOK
	})
	s := newStack(t, 360, withEndpoint(r))
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("killed"))
	require.NoError(t, err)
	<-arrived
	s.worker.Kill()
	close(killed)
	s.startWorker()
	_, err = s.Orders.SubmitUTR(t.Context(), "killed", utrOf(77))
	require.NoError(t, err)
	s.awaitStatus(buy("killed"), 3*time.Minute, ramp.Completed)
	s.requireNews(r, buy("killed"), ramp.Completed)
	r.mu.Lock()
	defer r.mu.Unlock()
	require.Equal(t, r.tried[0].ID, r.tried[1].ID, "what was sent but not recorded is sent again, with the same id")
}

func TestOrderGoesOnWhileNoWorkerDeliversEvents(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	s := newStack(t, 360, withEndpoint(r))
	_, err := s.Orders.StartOnramp(t.Context(), onrampRequest("alone"))
	require.NoError(t, err)
	s.stop(s.worker)
	silent := s.startWorker("RAMP_EVENTS_FILE=")
	_, err = s.Orders.SubmitUTR(t.Context(), "alone", utrOf(78))
	require.NoError(t, err)
	s.awaitStatus(buy("alone"), completionTime, ramp.Completed)
	for _, event := range r.of(buy("alone")) {
		require.NotEqual(t, ramp.Completed, event.Data.Status)
	}
	s.stop(silent)
	s.startWorker()
	s.requireNews(r, buy("alone"), ramp.Completed)
}

func TestEndpointThatIsGoneGetsNothingUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.answers(always(http.StatusGone))
	s := newStack(t, 360, withEndpoint(r))
	s.buyAndPay(onrampRequest("gone"))
	failed := s.deliveries(ramp.DeliveryFilter{Order: buy("gone"), State: ramp.DeliveryFailed}, 4)
	disabled, err := s.Orders.DisabledEndpoints(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"shop"}, disabled)
	require.Less(t, r.requests(), 5, "it is not asked again for every event")

	shown, problems, code := s.starter("events", "list", "--failed")
	require.Zero(t, code, problems)
	require.Contains(t, shown, "Endpoint shop is disabled")
	require.Contains(t, shown, "the endpoint answered 410")
	require.Contains(t, shown, failed[0].ID)

	r.answers(nil)
	_, problems, code = s.starter("events", "enable", "shop")
	require.Zero(t, code, problems)
	eventually(t, patience, func() error {
		if disabled, err := s.Orders.DisabledEndpoints(t.Context()); err != nil || len(disabled) > 0 {
			return errors.Join(err, fmt.Errorf("%v are disabled", disabled))
		}
		return nil
	})
	require.True(t, ramp.IsError(s.Orders.EnableEndpoint(t.Context(), "shop"), ramp.NotFound))
	for _, delivery := range failed {
		require.Equal(t, "onramp/gone", delivery.WorkflowID)
		require.Equal(t, "shop", delivery.Endpoint)
	}
	shown, problems, code = s.starter("events", "resend", "--failed", "--endpoint", "shop")
	require.Zero(t, code, problems)
	require.Contains(t, shown, "sent again: 4")
	s.deliveries(ramp.DeliveryFilter{Order: buy("gone"), State: ramp.Delivered}, 4)
	s.requireNews(r, buy("gone"), ramp.Completed)
	shown, problems, code = s.starter("events", "list", "--failed")
	require.Zero(t, code, problems)
	require.Contains(t, shown, "No deliveries.", "what was delivered since is no failure")
	require.True(t, ramp.IsError(s.Orders.ResendDelivery(t.Context(), strings.Replace(failed[0].ID, "gone", "none", 1)), ramp.NotFound))
}

// TestDisabledEndpointKeepsNoVersionOfWorkers: the workflow of a disabled endpoint may be open for months, when the version that began it is gone.
func TestDisabledEndpointKeepsNoVersionOfWorkers(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.answers(always(http.StatusGone))
	s := newStack(t, 360, withEnvironment("RAMP_BUILD_ID=v1"), withEndpoint(r))
	s.deployment("promote", "v1")
	s.buyAndPay(onrampRequest("gone-v1"))
	eventually(t, patience, func() error {
		if disabled, err := s.Orders.DisabledEndpoints(t.Context()); err != nil || len(disabled) != 1 {
			return errors.Join(err, fmt.Errorf("%v are disabled", disabled))
		}
		return nil
	})
	v1 := s.worker
	s.startVersion("v2")
	s.deployment("promote", "v2")
	require.Equal(t, "drained", s.deployment("wait-drained", "v1", "--timeout", "2m").state("v1"))
	require.Empty(t, s.deployment("move", "--from", "v1", "--to", "v2").Moved, "it would be pinned to v2 then")
	s.stop(v1)

	_, problems, code := s.starter("events", "enable", "shop")
	require.Zero(t, code, problems)
	eventually(t, patience, func() error {
		if disabled, err := s.Orders.DisabledEndpoints(t.Context()); err != nil || len(disabled) > 0 {
			return errors.Join(err, fmt.Errorf("%v are disabled", disabled))
		}
		return nil
	})
}

// TestDeliveryThatWasGivenUpIsSentAgainByCommand has an endpoint refuse an event for good, and somebody end a delivery in Temporal.
func TestDeliveryThatWasGivenUpIsSentAgainByCommand(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.answers(always(http.StatusServiceUnavailable))
	s := newStack(t, 360, withEndpoint(r))
	s.buyAndPay(onrampRequest("given-up"))
	waiting := s.deliveries(ramp.DeliveryFilter{Order: buy("given-up"), State: ramp.Delivering}, 4)
	first := waiting[len(waiting)-1]
	eventually(t, patience, func() error {
		delivery, err := s.Orders.Delivery(t.Context(), first.ID)
		if err == nil && (delivery.Failure != ramp.EventNotDelivered || delivery.NextAttemptAt.IsZero()) {
			err = fmt.Errorf("%+v", delivery)
		}
		return err
	})
	handle := s.Temporal.GetActivityHandle(client.GetActivityHandleOptions{ActivityID: first.ID})
	require.NoError(t, handle.Terminate(t.Context(), client.TerminateActivityOptions{Reason: "by mistake"}))
	eventually(t, patience, func() error {
		delivery, err := s.Orders.Delivery(t.Context(), first.ID)
		if err == nil && (delivery.State != ramp.DeliveryFailed || delivery.Failure != ramp.DeliveryEnded) {
			err = fmt.Errorf("%+v", delivery)
		}
		return err
	})

	r.answers(nil)
	_, problems, code := s.starter("events", "resend", first.ID)
	require.Zero(t, code, problems)
	s.deliveries(ramp.DeliveryFilter{Order: buy("given-up"), State: ramp.Delivered}, 4)
	var delivered []int64
	for _, event := range r.of(buy("given-up")) {
		delivered = append(delivered, event.Data.Version)
	}
	require.Contains(t, delivered, first.Version)
}

// TestResetOfAnOrderRepeatsEventsAndDropsNone has an operator reset an order whose endpoint is down, so that events of both runs wait.
func TestResetOfAnOrderRepeatsEventsAndDropsNone(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	r.answers(always(http.StatusServiceUnavailable))
	s := newStack(t, 360, withEndpoint(r))
	id := buy("reset-events")
	first := s.startPlainly(id, onrampRequest(id.Reference))
	s.awaitStatus(id, completionTime, ramp.AwaitingPayment)
	s.deliveries(ramp.DeliveryFilter{Order: id, State: ramp.Delivering}, 1)

	s.reset(t, id, first.GetRunID(), "at its beginning")

	s.awaitStatus(id, completionTime, ramp.AwaitingPayment)
	_, err := s.Orders.SubmitUTR(t.Context(), id.Reference, utrOf(91))
	require.NoError(t, err)
	s.awaitStatus(id, completionTime, ramp.Completed)
	require.Empty(t, r.of(id))
	r.answers(nil)
	eventually(t, 2*time.Minute, func() error {
		if events := r.of(id); len(events) == 0 || events[len(events)-1].Data.Status != ramp.Completed {
			return fmt.Errorf("%d events so far", len(events))
		}
		return nil
	})
	runs := make(map[string][]ramp.Event)
	var order []string
	for _, event := range r.of(id) {
		run := event.ID[:len(first.GetRunID())]
		if len(order) == 0 || order[len(order)-1] != run {
			order = append(order, run)
		}
		if events := runs[run]; len(events) > 0 {
			require.GreaterOrEqual(t, event.Data.Version, events[len(events)-1].Version)
		}
		runs[run] = append(runs[run], event.Data)
	}
	require.Len(t, order, 2, "all of the run before the reset, and then all of the one after it")
	require.Equal(t, first.GetRunID(), order[0])
	require.Equal(t, ramp.AwaitingPayment, runs[order[0]][len(runs[order[0]])-1].Status)
	final, err := s.Orders.Get(t.Context(), id)
	require.NoError(t, err)
	var passed, told []ramp.Status
	for _, entry := range final.Timeline {
		passed = append(passed, entry.Status)
	}
	for _, event := range runs[order[1]] {
		told = append(told, event.Status)
	}
	require.Equal(t, slices.Compact(passed), slices.Compact(told), "the run after the reset tells all that the order shows")
}

// deliveries returns the deliveries that a filter selects once there are so many.
func (s *stack) deliveries(filter ramp.DeliveryFilter, want int) []ramp.Delivery {
	s.t.Helper()
	var found []ramp.Delivery
	eventually(s.t, patience, func() error {
		found = nil
		for delivery, err := range s.Orders.Deliveries(s.t.Context(), filter) {
			if err != nil {
				return err
			}
			found = append(found, delivery)
		}
		if len(found) != want {
			return fmt.Errorf("%d of %d deliveries: %+v", len(found), want, found)
		}
		return nil
	})
	return found
}
