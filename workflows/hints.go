package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

const (
	// hintLimit bounds how many hints have an effect, so that no number of webhooks grows an order without end.
	hintLimit = 100
	// lookPause is the least time between two looks that hints cause. It doubles, up to lookDoublings times, with each look in a row that
	// finds nothing new, so that hints without news cost fewer and fewer calls and cut off none that the provider answers slowly.
	lookPause     = 2 * time.Second
	lookDoublings = 5
)

// hints are what the provider's webhooks have told an order. A hint is a reason to ask the provider, and decides nothing: only the
// provider's answer does. Webhooks come late, twice, out of order, or not at all.
type hints struct {
	// received counts the hints.
	received int
	// at is when the latest came; zero for none.
	at time.Time
	// due is set while one calls for a look that has not begun, and held while a timer holds one back.
	due, held bool
	// lookedAt is when the latest look began, and fruitless counts the latest looks in a row that found nothing new.
	lookedAt  time.Time
	fruitless int
	// told is what only webhooks tell.
	told settlementDetails
}

// settlementDetails are those that only webhooks tell, of an off-ramp order; empty for what none has told.
type settlementDetails struct {
	payoutReference     ramp.UTR
	tds, tokensDeducted string
}

// registerHints handles the signal of the provider's webhooks. It is no update: nobody waits for what becomes of a hint.
func (o *orderRun) registerHints(ctx workflow.Context) {
	m := message{name: ramp.ProviderHint, countsInClear: anyStatus, triedOnce: true, check: o.checkHint}
	o.submissions.signals.AddReceive(workflow.GetSignalChannel(ctx, m.name), func(channel workflow.ReceiveChannel, _ bool) {
		var input converter.RawValue
		channel.Receive(ctx, &input)
		o.handleHint(ctx, m, input)
	})
}

// handleHint handles a hint. One that comes after the end, or is one of too many, changes nothing.
func (o *orderRun) handleHint(ctx workflow.Context, m message, input converter.RawValue) {
	switch {
	case o.order.Status.Final() || o.hints.received >= hintLimit:
	case !changed(ctx, changeHints):
		o.noteUnknown(ctx, m.name)
	default:
		o.hints.received++
		o.handleSignal(ctx, m, input)
	}
}

// checkHint reads a hint. What a webhook tells beside the status is no reason to refuse it.
func (o *orderRun) checkHint(input converter.RawValue) (accept, error) {
	var hint ramp.Hint
	if err := decode(input, &hint); err != nil {
		return nil, err
	}
	invalid := hint.Validate()
	if invalid != nil {
		hint = ramp.Hint{ProviderStatus: hint.ProviderStatus}
	}
	if err := hint.Validate(); err != nil {
		return nil, err
	}
	return func(ctx workflow.Context) *outcome {
		if invalid != nil {
			o.note(ctx, "What a webhook tells of the settlement was ignored: "+invalid.Error())
		}
		o.takeHint(ctx, hint)
		return &outcome{decided: true}
	}, nil
}

func (o *orderRun) takeHint(ctx workflow.Context, hint ramp.Hint) {
	o.hints.at = now(ctx)
	o.keepDetails(ctx, hint)
	if o.callsForLook(hint.ProviderStatus) {
		o.demandLook(ctx)
	}
}

// callsForLook reports whether a status in a webhook is a reason to ask the provider now: while the order is watched, any other status
// than the known one; before, one of an order that is paid or over. While the user's KYC is not decided, a webhook is about that.
func (o *orderRun) callsForLook(providerStatus string) bool {
	switch status := o.order.Status; {
	case status == ramp.VerifyingKYC || status == ramp.AwaitingKYC:
		return true
	case activities.Progress(status) > activities.Progress(ramp.AwaitingPayment) || o.payment.undecided():
		return !strings.EqualFold(providerStatus, o.order.ProviderStatus)
	default:
		return activities.TellsPaymentOrEnd(o.order.Direction, providerStatus)
	}
}

// demandLook makes a look due, at once or after the pause since the last one.
func (o *orderRun) demandLook(ctx workflow.Context) {
	h := &o.hints
	pause := h.lookedAt.Add(h.pause()).Sub(workflow.Now(ctx))
	switch {
	case h.lookedAt.IsZero() || pause <= 0:
		h.due = true
	case !h.held:
		h.held = true
		workflow.GoNamed(disconnected(ctx), "hint", func(ctx workflow.Context) {
			timer := workflow.NewTimerWithOptions(ctx, pause, workflow.TimerOptions{Summary: "Until the provider's next webhook is followed"})
			_ = timer.Get(ctx, nil) // never cancelled
			h.held, h.due = false, true
		})
	}
}

func (h *hints) pause() time.Duration { return lookPause << min(h.fruitless, lookDoublings) }

// begin records that a look that is due begins, and reports whether one was due.
func (h *hints) begin(ctx workflow.Context) bool {
	if !h.due {
		return false
	}
	h.due = false
	h.fruitless++
	h.lookedAt = workflow.Now(ctx)
	return true
}

// found records that the provider's status is another one.
func (h *hints) found() { h.fruitless = 0 }

// drop forgets a look that is due for something that is decided.
func (h *hints) drop() { h.due = false }

// keepDetails keeps what only webhooks tell, until the order has a settlement.
func (o *orderRun) keepDetails(ctx workflow.Context, hint ramp.Hint) {
	if o.order.Direction != ramp.Offramp {
		return
	}
	before, told := o.hints.told, &o.hints.told
	if hint.PayoutReference != "" {
		told.payoutReference = hint.PayoutReference
	}
	if hint.TDS != "" {
		told.tds = hint.TDS
	}
	if hint.TokensDeducted != "" {
		told.tokensDeducted = hint.TokensDeducted
	}
	if *told != before && o.order.Settlement != nil {
		o.order.Settlement = o.detailed(*o.order.Settlement)
		o.touch(ctx)
	}
}

// detailed returns a settlement with what only webhooks tell. The delivered amount is the status call's.
func (o *orderRun) detailed(settlement ramp.Settlement) *ramp.Settlement {
	told := o.hints.told
	settlement.PayoutReference = told.payoutReference
	if told.tds != "" {
		settlement.TDS = ramp.Amount{Amount: told.tds, Currency: ramp.INR}
	}
	if told.tokensDeducted != "" {
		settlement.TokensDeducted = ramp.Amount{Amount: told.tokensDeducted, Currency: o.request.tokenSymbol}
	}
	return &settlement
}

// watchRun is a watch in a coroutine of its own. Another one takes its place once a hint calls for a look.
type watchRun struct {
	done    bool
	stopped activities.End
	err     error

	stop     workflow.CancelFunc
	replaced bool
	// wait is what the activity under way was given, at begun.
	wait  activities.Wait
	begun time.Time
}

// startRun runs a watch, which polls at once if a look is due.
func (o *orderRun) startRun(
	ctx workflow.Context, name string, wait activities.Wait, watch func(workflow.Context, activities.Wait) (activities.WatchEnd, error),
) *watchRun {
	ctx, stop := workflow.WithCancel(ctx)
	w := &watchRun{stop: stop}
	wait.PollNow = o.hints.begin(ctx)
	workflow.GoNamed(ctx, name, func(ctx workflow.Context) {
		w.stopped, w.err = o.watchUntilAnswered(ctx, wait, func(wait activities.Wait) (activities.WatchEnd, error) {
			wait.HintedAt = o.hints.at
			w.wait, w.begun = wait, workflow.Now(ctx)
			end, err := watch(ctx, wait)
			if w.replaced {
				return activities.WatchEnd{}, temporal.NewCanceledError()
			}
			return end, err
		})
		w.done = true
	})
	return w
}

// replace ends the watch and returns the wait that the one in its place continues.
func (w *watchRun) replace(ctx workflow.Context) activities.Wait {
	w.replaced = true
	w.stop()
	wait := w.wait
	wait.RetryAfter = max(0, wait.RetryAfter-workflow.Now(ctx).Sub(w.begun))
	return wait
}

// isUser answers the query that a gateway asks to find the orders that a webhook about a user concerns.
func (o *orderRun) isUser(input converter.RawValue) (bool, error) {
	if err := o.checkReadable(input); err != nil {
		return false, contractError(err)
	}
	var question ramp.UserQuestion
	if err := decode(input, &question); err != nil {
		return false, contractError(err)
	}
	if err := question.Validate(); err != nil {
		return false, contractError(err)
	}
	if inClear(input) && o.admission.restrictsClear() && !o.admission.allowsClear() {
		return false, contractError(o.unencrypted("a question about the user"))
	}
	return strings.EqualFold(string(question.Email), string(o.request.email)), nil
}
