package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// accountsTaken bounds how many accounts an order hands in after the first, so that a flood of them cannot grow it.
const accountsTaken = 50

// linkAccount goes on only with a linked account: the guide makes a UPI ID or bank account mandatory before any order. An
// account that the provider refuses is asked for anew.
func (o *orderRun) linkAccount(ctx workflow.Context) error {
	o.enter(ctx, ramp.LinkingAccount, "")
	for handedIn := 0; ; {
		if !o.submissions.account.empty() {
			o.flow.useAccount(o.submissions.account.take())
			o.forgetLookup()
			handedIn++
		}
		link, err := o.link(ctx)
		if said, refused := activities.Refused(err); refused {
			link, err = activities.LinkResult{State: activities.LinkFailed, Reason: said.Reason}, nil
		}
		if err != nil {
			return err
		}
		if link.State == activities.Linked {
			o.submissions.account.decide(nil)
			o.submissions.account.finish("the account is linked")
			return nil
		}
		reason := refusedAccount(link.Reason)
		o.submissions.account.decide(refusal(ramp.AccountRefused, reason))
		if handedIn == accountsTaken && changed(ctx, changeAccountLimit) {
			o.submissions.account.finish(fmt.Sprintf("%d other accounts were handed in for this order", accountsTaken))
		}
		if err := o.awaitAccount(ctx, reason); err != nil {
			return err
		}
	}
}

func refusedAccount(reason string) string {
	if reason == "" {
		reason = "the account's details are wrong, or its holder's name differs from the KYC"
	}
	return "the provider did not link the account: " + reason
}

// lookup is a call for the user's linked accounts under way.
type lookup struct {
	answer workflow.Future
	stop   workflow.CancelFunc
}

// lookAhead asks for the user's linked accounts while their KYC status is asked for: neither answer depends on the other, and
// most users are verified.
func (o *orderRun) lookAhead(ctx workflow.Context) {
	ctx, stop := workflow.WithCancel(ctx)
	future, answer := workflow.NewFuture(ctx)
	o.lookup = &lookup{answer: future, stop: stop}
	workflow.GoNamed(ctx, "linked accounts", func(ctx workflow.Context) {
		answer.Set(activities.PrefetchLinkedAccounts(ctx, o.flow.account()))
	})
}

// forgetLookup drops what was asked ahead, which tells nothing of another account, or of a user who was verified later.
func (o *orderRun) forgetLookup() {
	if o.lookup != nil {
		o.lookup.stop()
		o.lookup = nil
	}
}

// linkedAccounts takes the answer that was asked ahead. One that had failed before its turn is asked for anew: much may have
// changed since.
func (o *orderRun) linkedAccounts(ctx workflow.Context) (activities.LinkResult, error) {
	ahead := o.lookup
	o.lookup = nil
	if ahead == nil {
		return activities.LinkedAccounts(ctx, o.flow.account())
	}
	early := ahead.answer.IsReady()
	var link activities.LinkResult
	err := ahead.answer.Get(ctx, &link)
	if err != nil && early {
		return activities.LinkedAccounts(ctx, o.flow.account())
	}
	return link, err
}

// link finds the account linked, or links it, and waits for the provider's check.
func (o *orderRun) link(ctx workflow.Context) (activities.LinkResult, error) {
	link, err := answer(ctx, o, o.linkedAccounts)
	if err != nil {
		return link, err
	}
	if link.State == activities.NotLinked {
		link, err = ask(ctx, o, activities.LinkAccount, o.flow.account())
	}
	if err != nil || link.State != activities.LinkPending {
		return link, err
	}
	return o.awaitLink(ctx, link)
}

func (o *orderRun) awaitLink(ctx workflow.Context, link activities.LinkResult) (activities.LinkResult, error) {
	o.note(ctx, "The provider checks the account.")
	account := o.flow.account()
	stopped, err := o.keepWatching(ctx, workflow.Now(ctx), func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchLink(ctx, activities.WatchLinkRequest{
			Email:         o.terms.email,
			LinkReference: link.LinkReference,
			UPI:           o.flow.accountKind() == ramp.AccountUPI,
			Holder:        o.flow.account().Holder(),
			Account:       &account,
			Wait:          wait,
		})
		link = result.LinkResult
		return result.WatchEnd, err
	})
	if err == nil && stopped == activities.TimeUp {
		return link, end(ramp.Rejected, "The provider did not verify the account in time.")
	}
	return link, err
}

func (o *orderRun) awaitAccount(ctx workflow.Context, reason string) error {
	o.enter(ctx, ramp.AwaitingAccount, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userPatience)))
	arrived, err := o.awaitUser(ctx, "another account", func() bool { return !o.submissions.account.empty() })
	if err != nil {
		return err
	}
	if arrived {
		o.enter(ctx, ramp.LinkingAccount, "The user submitted another account.")
		return nil
	}
	linked, err := o.linkedElsewhere(ctx)
	switch {
	case err != nil:
		return err
	case linked:
		o.enter(ctx, ramp.LinkingAccount, "The account is linked, or about to be, by other means.")
		return nil
	case !o.submissions.account.empty():
		o.enter(ctx, ramp.LinkingAccount, "The user submitted another account.")
		return nil
	}
	return end(ramp.Rejected, "No other account came in time: %s.", reason)
}

// linkedElsewhere is the last look for an account that could not be linked: another order may have linked it since.
func (o *orderRun) linkedElsewhere(ctx workflow.Context) (bool, error) {
	if !changed(ctx, changeLastLookForAccount) {
		return false, nil
	}
	found, err := ask(ctx, o, activities.LinkedAccounts, o.flow.account())
	o.readMessages(ctx)
	if _, refused := activities.Refused(err); refused {
		return false, nil // an older activity worker reports a refused look as a refusal
	}
	return found.State == activities.Linked || found.State == activities.LinkPending, err
}

// awaitUser waits until the user has acted, or has had long enough to.
func (o *orderRun) awaitUser(ctx workflow.Context, what string, acted func() bool) (bool, error) {
	if acted() {
		return true, nil
	}
	return awaitFor(ctx, userPatience, "The user's time to submit "+what, acted)
}

// awaitFor waits until done, for so long at the most, and reports whether it is. Unlike the SDK's AwaitWithTimeout it
// leaves no timer behind.
func awaitFor(ctx workflow.Context, patience time.Duration, summary string, done func() bool) (bool, error) {
	timed, stop := workflow.WithCancel(ctx)
	defer stop()
	timer := workflow.NewTimerWithOptions(timed, patience, workflow.TimerOptions{Summary: summary})
	err := workflow.Await(ctx, func() bool { return done() || timer.IsReady() })
	if err == nil {
		err = ctx.Err() // a cancelled timer is ready too
	}
	return done(), err
}
