package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// accountLimit bounds how many accounts an order takes after the first, so that no number of them grows it without end.
const accountLimit = 50

// linkAccount returns the linked account: the guide makes a UPI ID or bank account mandatory before any order. It asks the user for
// another account in place of one that the provider refuses.
func (o *orderRun) linkAccount(ctx workflow.Context, prefetched *accountPrefetch) (activities.AccountRequest, error) {
	o.enter(ctx, ramp.LinkingAccount, "")
	account := o.request.account
	for submitted := 0; ; {
		if !o.submissions.account.empty() {
			taken := o.submissions.account.take()
			account, o.account = o.request.submittedAccount(taken), &taken
			prefetched.discard()
			submitted++
		}
		link, err := o.link(ctx, account, prefetched)
		if refused, yes := activities.Refused(err); yes {
			link, err = activities.LinkResult{State: activities.LinkFailed, Reason: refused.Reason}, nil
		}
		if err != nil {
			return account, err
		}
		if link.State == activities.Linked {
			o.submissions.account.decide(nil)
			o.submissions.account.close("the account is linked")
			return account, nil
		}
		reason := refusedAccount(link.Reason)
		o.submissions.account.decide(newRefusal(ramp.AccountRefused, reason))
		if submitted == accountLimit && changed(ctx, changeAccountLimit) {
			o.submissions.account.close(fmt.Sprintf("%d other accounts were submitted for this order", accountLimit))
		}
		if err := o.awaitAccount(ctx, account, reason); err != nil {
			return account, err
		}
	}
}

func refusedAccount(reason string) string {
	if reason == "" {
		reason = "the account's details are wrong, or its holder's name differs from the KYC"
	}
	return "the provider did not link the account: " + reason
}

// accountPrefetch is a call for the user's linked accounts that is made before its turn.
type accountPrefetch struct {
	// answer is nil once it was used or discarded, and where nothing was prefetched.
	answer workflow.Future
	cancel workflow.CancelFunc
}

// prefetchAccounts asks for the user's linked accounts while their KYC status is asked for. Neither answer depends on the other, and most
// users are verified.
func (o *orderRun) prefetchAccounts(ctx workflow.Context) *accountPrefetch {
	ctx, cancel := workflow.WithCancel(ctx)
	future, answer := workflow.NewFuture(ctx)
	workflow.GoNamed(ctx, "linked accounts", func(ctx workflow.Context) {
		answer.Set(activities.PrefetchLinkedAccounts(ctx, o.request.account))
	})
	return &accountPrefetch{answer: future, cancel: cancel}
}

// discard drops an answer that says nothing of another account, or of a user who was verified later.
func (p *accountPrefetch) discard() {
	if p.answer != nil {
		p.cancel()
		p.answer = nil
	}
}

// linkedAccounts uses the prefetched answer once. One that had failed before its turn is asked for again: much may have changed since.
func linkedAccounts(ctx workflow.Context, account activities.AccountRequest, prefetched *accountPrefetch) (activities.LinkResult, error) {
	answer := prefetched.answer
	prefetched.answer = nil
	if answer == nil {
		return activities.LinkedAccounts(ctx, account)
	}
	early := answer.IsReady()
	var link activities.LinkResult
	err := answer.Get(ctx, &link)
	if err != nil && early {
		return activities.LinkedAccounts(ctx, account)
	}
	return link, err
}

// link finds the account linked, or links it and waits for the provider's check.
func (o *orderRun) link(
	ctx workflow.Context, account activities.AccountRequest, prefetched *accountPrefetch,
) (activities.LinkResult, error) {
	link, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.LinkResult, error) {
		return linkedAccounts(ctx, account, prefetched)
	})
	if err != nil {
		return link, err
	}
	if link.State == activities.NotLinked {
		link, err = untilAnswered(ctx, o, func(ctx workflow.Context) (activities.LinkResult, error) {
			return activities.LinkAccount(ctx, account)
		})
	}
	if err != nil || link.State != activities.LinkPending {
		return link, err
	}
	return o.awaitLink(ctx, account, link)
}

func (o *orderRun) awaitLink(
	ctx workflow.Context, account activities.AccountRequest, link activities.LinkResult,
) (activities.LinkResult, error) {
	o.note(ctx, "The provider checks the account.")
	stopped, err := o.watchUntilAnswered(ctx, activities.Wait{WaitingSince: workflow.Now(ctx)}, func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchLink(ctx, activities.WatchLinkRequest{
			Email:         o.request.email,
			LinkReference: link.LinkReference,
			UPI:           o.request.accountKind == ramp.AccountUPI,
			Holder:        account.Holder(),
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

// awaitAccount waits for another account. Before it gives up it looks once more for the refused one.
func (o *orderRun) awaitAccount(ctx workflow.Context, refused activities.AccountRequest, reason string) error {
	o.enter(ctx, ramp.AwaitingAccount, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userTime)))
	arrived, err := o.waitForUser(ctx, "another account", func() bool { return !o.submissions.account.empty() })
	if err != nil {
		return err
	}
	if arrived {
		o.enter(ctx, ramp.LinkingAccount, "The user submitted another account.")
		return nil
	}
	linked, err := o.linkedElsewhere(ctx, refused)
	switch {
	case err != nil:
		return err
	case linked:
		o.enter(ctx, ramp.LinkingAccount, "The account is linked, or being linked, by other means.")
		return nil
	case !o.submissions.account.empty():
		o.enter(ctx, ramp.LinkingAccount, "The user submitted another account.")
		return nil
	}
	return end(ramp.Rejected, "No other account was submitted in time: %s.", reason)
}

// linkedElsewhere reports whether an account that could not be linked is linked by now, as by another order of the user.
func (o *orderRun) linkedElsewhere(ctx workflow.Context, account activities.AccountRequest) (bool, error) {
	if !changed(ctx, changeLastLookForAccount) {
		return false, nil
	}
	found, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.LinkResult, error) {
		return activities.LinkedAccounts(ctx, account)
	})
	o.readMessages(ctx)
	if _, refused := activities.Refused(err); refused {
		return false, nil // an older activity worker reports a refused look as a refusal
	}
	return found.State == activities.Linked || found.State == activities.LinkPending, err
}
