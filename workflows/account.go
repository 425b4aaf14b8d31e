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
func (l *lifecycle) linkAccount(ctx workflow.Context) error {
	l.enter(ctx, ramp.LinkingAccount, "")
	for handedIn := 0; ; {
		if !l.inbox.account.empty() {
			l.route.useAccount(l.inbox.account.take())
			l.forgetLookup()
			handedIn++
		}
		link, err := l.link(ctx)
		if said, refused := activities.Refused(err); refused {
			link, err = activities.LinkResult{State: activities.LinkFailed, Reason: said.Reason}, nil
		}
		if err != nil {
			return err
		}
		if link.State == activities.Linked {
			l.inbox.account.decide(nil)
			l.inbox.account.finish("the account is linked")
			return nil
		}
		reason := refusedAccount(link.Reason)
		l.inbox.account.decide(refusal(ramp.AccountRefused, reason))
		if handedIn == accountsTaken && changed(ctx, changeAccountLimit) {
			l.inbox.account.finish(fmt.Sprintf("%d other accounts were handed in for this order", accountsTaken))
		}
		if err := l.awaitAccount(ctx, reason); err != nil {
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
func (l *lifecycle) lookAhead(ctx workflow.Context) {
	ctx, stop := workflow.WithCancel(ctx)
	future, answer := workflow.NewFuture(ctx)
	l.lookup = &lookup{answer: future, stop: stop}
	workflow.GoNamed(ctx, "linked accounts", func(ctx workflow.Context) {
		answer.Set(activities.PrefetchLinkedAccounts(ctx, l.route.account()))
	})
}

// forgetLookup drops what was asked ahead, which tells nothing of another account, or of a user who was verified later.
func (l *lifecycle) forgetLookup() {
	if l.lookup != nil {
		l.lookup.stop()
		l.lookup = nil
	}
}

// linkedAccounts takes the answer that was asked ahead. One that had failed before its turn is asked for anew: much may have
// changed since.
func (l *lifecycle) linkedAccounts(ctx workflow.Context) (activities.LinkResult, error) {
	ahead := l.lookup
	l.lookup = nil
	if ahead == nil {
		return activities.LinkedAccounts(ctx, l.route.account())
	}
	early := ahead.answer.IsReady()
	var link activities.LinkResult
	err := ahead.answer.Get(ctx, &link)
	if err != nil && early {
		return activities.LinkedAccounts(ctx, l.route.account())
	}
	return link, err
}

// link finds the account linked, or links it, and waits for the provider's check.
func (l *lifecycle) link(ctx workflow.Context) (activities.LinkResult, error) {
	link, err := answer(ctx, l, l.linkedAccounts)
	if err != nil {
		return link, err
	}
	if link.State == activities.NotLinked {
		link, err = ask(ctx, l, activities.LinkAccount, l.route.account())
	}
	if err != nil || link.State != activities.LinkPending {
		return link, err
	}
	return l.awaitLink(ctx, link)
}

func (l *lifecycle) awaitLink(ctx workflow.Context, link activities.LinkResult) (activities.LinkResult, error) {
	l.note(ctx, "The provider checks the account.")
	account := l.route.account()
	stopped, err := l.keepWatching(ctx, workflow.Now(ctx), func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchLink(ctx, activities.WatchLinkRequest{
			Email:         l.terms.email,
			LinkReference: link.LinkReference,
			UPI:           l.route.accountKind() == ramp.AccountUPI,
			Holder:        l.route.account().Holder(),
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

func (l *lifecycle) awaitAccount(ctx workflow.Context, reason string) error {
	l.enter(ctx, ramp.AwaitingAccount, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userPatience)))
	arrived, err := l.awaitUser(ctx, "another account", func() bool { return !l.inbox.account.empty() })
	if err != nil {
		return err
	}
	if arrived {
		l.enter(ctx, ramp.LinkingAccount, "The user submitted another account.")
		return nil
	}
	linked, err := l.linkedElsewhere(ctx)
	switch {
	case err != nil:
		return err
	case linked:
		l.enter(ctx, ramp.LinkingAccount, "The account is linked, or about to be, by other means.")
		return nil
	case !l.inbox.account.empty():
		l.enter(ctx, ramp.LinkingAccount, "The user submitted another account.")
		return nil
	}
	return end(ramp.Rejected, "No other account came in time: %s.", reason)
}

// linkedElsewhere is the last look for an account that could not be linked: another order may have linked it since.
func (l *lifecycle) linkedElsewhere(ctx workflow.Context) (bool, error) {
	if !changed(ctx, changeLastLookForAccount) {
		return false, nil
	}
	found, err := ask(ctx, l, activities.LinkedAccounts, l.route.account())
	l.readMessages(ctx)
	if _, refused := activities.Refused(err); refused {
		return false, nil // an older activity worker reports a refused look as a refusal
	}
	return found.State == activities.Linked || found.State == activities.LinkPending, err
}

// awaitUser waits until the user has acted, or has had long enough to.
func (l *lifecycle) awaitUser(ctx workflow.Context, what string, acted func() bool) (bool, error) {
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
