package workflows

import (
	"time"

	"rampart/ramp"
	"rampart/ramp/situation"
)

// snapshot is the order as queries, updates, the result and the Web UI have it: with what it waits for and what can be done about it.
// It changes nothing, so that queries may call it.
func (o *orderRun) snapshot() ramp.Order {
	order := o.order
	if !order.Status.Final() {
		order.Wait, order.Actions = o.wait(), o.actions()
	}
	return order
}

// wait is what the order waits for.
func (o *orderRun) wait() *ramp.Wait {
	switch o.order.Status {
	case ramp.VerifyingKYC:
		return o.waitForKYC()
	case ramp.AwaitingKYC:
		return fromUser(ramp.WaitKYCDocuments, situation.Since(&o.order).Add(userTime))
	case ramp.LinkingAccount:
		return fromProvider(ramp.WaitAccountLink)
	case ramp.AwaitingAccount:
		return fromUser(ramp.WaitAccount, situation.Since(&o.order).Add(userTime))
	case ramp.Quoting:
		return fromProvider(ramp.WaitQuote)
	case ramp.CreatingOrder:
		return fromProvider(ramp.WaitOrder)
	case ramp.AwaitingConfirmation:
		return fromUser(ramp.WaitConfirmation, o.creation.confirmBy)
	case ramp.AwaitingPayment:
		return o.waitForPayment()
	case ramp.VerifyingPayment:
		return fromProvider(ramp.WaitPaymentSearch)
	case ramp.Settling:
		return fromProvider(ramp.WaitDelivery)
	default:
		return fromProvider(ramp.WaitRefund)
	}
}

func fromProvider(what ramp.WaitFor) *ramp.Wait { return &ramp.Wait{For: what, From: ramp.Provider} }

func fromUser(what ramp.WaitFor, until time.Time) *ramp.Wait {
	return &ramp.Wait{For: what, From: ramp.User, Until: until.UTC()}
}

func (o *orderRun) waitForKYC() *ramp.Wait {
	switch {
	case !o.identification.retryAt.IsZero():
		return &ramp.Wait{For: ramp.WaitKYCPause, From: ramp.Provider, Until: o.identification.retryAt.UTC()}
	case o.identification.reviewSince.IsZero() && o.submissions.kyc.checkOpen() == nil:
		return fromProvider(ramp.WaitKYCCheck)
	default:
		return fromProvider(ramp.WaitKYCReview)
	}
}

func (o *orderRun) waitForPayment() *ramp.Wait {
	switch {
	case o.order.Proof != nil:
		return fromProvider(ramp.WaitProofCheck)
	case o.payment.undecided() || o.looking:
		return fromProvider(ramp.WaitPaymentStatus)
	case !o.payment.awaited(): // the provider is asked at the deadline
		return &ramp.Wait{For: ramp.WaitPaymentStatus, From: ramp.Provider, Until: o.order.ExpiresAt}
	default:
		return fromUser(ramp.WaitPayment, o.order.ExpiresAt)
	}
}

// actions are the messages that the order takes now, and its cancellation if it would end the order.
func (o *orderRun) actions() []ramp.Action {
	var all []ramp.Action
	if o.proofAwaited("") == nil {
		all = append(all, ramp.Action(o.request.proofMessage))
	}
	if o.submissions.kyc.checkOpen() == nil && o.identification.submitted < dossierLimit {
		all = append(all, ramp.SubmitKYC)
	}
	if o.submissions.account.checkOpen() == nil {
		all = append(all, ramp.SubmitAccount)
	}
	if o.order.Status == ramp.AwaitingConfirmation {
		all = append(all, ramp.ConfirmQuote)
	}
	if o.order.Proof == nil && !o.payment.found() && !o.payment.undecided() {
		all = append(all, ramp.CancelAction)
	}
	return all
}
