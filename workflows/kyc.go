package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/ramp/situation"
)

// identity is how far an order has come with a user whom the provider has not verified.
type identity struct {
	// reason is why the user is asked for documents.
	reason string
	// dossier waits to be uploaded, since the time when it came.
	dossier string
	since   time.Time
	// again is when the provider takes documents again, after too many failed attempts.
	again time.Time
	// handedIn is how many dossiers have come.
	handedIn int
	// taken is when the provider took the latest dossier, which it looks at; zero while it has none.
	taken time.Time
}

// dossiersTaken bounds how many dossiers an order hands in, so that a flood of them cannot grow it.
const dossiersTaken = 50

const (
	notVerified = "the provider has not verified the user"
	reviewOver  = "The provider did not verify the user's KYC documents in the time for a manual review."
)

func unusableDossier(problem string) string { return "the KYC dossier cannot be used: " + problem }

func refusedDossier(reason string) string { return "the provider refused the KYC documents: " + reason }

// verifyKYC goes on only with a verified user, which the guide makes mandatory. Its first call also decides whether the order begins
// at all, and by which rules messages are taken, so that none is read before.
func (o *orderRun) verifyKYC(ctx workflow.Context) error {
	if !o.clear || !changed(ctx, changeClearAsksAhead) {
		o.lookAhead(ctx)
	}
	status, err := ask(ctx, o, activities.KYCStatus, activities.KYCStatusRequest{
		Email: o.terms.email, Admission: &activities.Admission{Reference: o.order.Reference, Unencrypted: o.clear},
	})
	o.begun, o.rules, o.stillborn = true, status.Rules, err != nil
	if o.rules != nil || o.holding { // an order that began before there were rules reads its messages when it waits for some
		o.readMessages(ctx)
	}
	defer o.submissions.kyc.finish("the user's KYC is decided")
	if err != nil || status.Verified {
		return err
	}
	o.forgetLookup()
	if !changed(ctx, changeIdentity) {
		return o.identifyOnce(ctx)
	}
	return o.identify(ctx)
}

// identify asks the user for documents, if the request brought none, and hands them in until the provider has verified the user,
// by these or by others: a user with two orders hands in documents once. The provider refuses documents in silence, in a review
// that nobody sees the end of (provider 3.3), so that the user may hand in others at any time.
func (o *orderRun) identify(ctx workflow.Context) error {
	o.identity = identity{reason: notVerified, dossier: o.terms.dossier, since: workflow.Now(ctx)}
	for verified := false; !verified; {
		var err error
		if verified, err = o.seekVerification(ctx); err != nil {
			return err
		}
	}
	o.clearConcern(ctx, outage) // of a watch that was given up as it found one
	o.enter(ctx, ramp.VerifyingKYC, "The provider has verified the user.")
	return nil
}

// seekVerification does the next thing that may get the user verified, and reports whether they are.
func (o *orderRun) seekVerification(ctx workflow.Context) (bool, error) {
	switch id := &o.identity; {
	case !id.again.IsZero():
		return o.sitOutPause(ctx)
	case !o.submissions.kyc.empty():
		id.dossier, id.since = string(o.submissions.kyc.take().Dossier), workflow.Now(ctx)
		id.handedIn++
		return o.handIn(ctx)
	case id.dossier != "":
		return o.handIn(ctx)
	case !id.taken.IsZero():
		return o.awaitReview(ctx)
	default:
		return o.awaitDossier(ctx)
	}
}

// handIn uploads the dossier. One that the provider has taken stays with it when a later one is refused.
func (o *orderRun) handIn(ctx workflow.Context) (bool, error) {
	id := &o.identity
	if id.taken.IsZero() {
		o.enter(ctx, ramp.VerifyingKYC, "The user's KYC documents are uploaded.")
	} else {
		o.enter(ctx, ramp.VerifyingKYC, "The user has handed in other KYC documents; they are uploaded.")
	}
	_, err := ask(ctx, o, activities.UploadKYC, activities.UploadKYCRequest{Email: o.terms.email, Dossier: id.dossier})
	if problem, invalid := activities.InvalidDossier(err); invalid {
		o.refuseDossier(ctx, unusableDossier(problem))
		return false, nil
	}
	if said, refused := activities.Refused(err); refused {
		return o.heedRefusal(ctx, said)
	}
	if err != nil {
		return false, err
	}
	o.submissions.kyc.decide(nil)
	id.dossier, id.taken = "", workflow.Now(ctx)
	o.note(ctx, "The provider has the documents and looks at them.")
	return false, nil
}

// heedRefusal looks whether the user is verified: the provider refuses the documents of a user who is.
func (o *orderRun) heedRefusal(ctx workflow.Context, said activities.Refusal) (bool, error) {
	verified, err := o.isVerified(ctx)
	switch {
	case err != nil || verified:
		return verified, err
	case said.RetryAfter > 0 && workflow.Now(ctx).Before(o.identity.since.Add(userPatience)):
		o.pauseUploads(ctx, said)
	default:
		o.refuseDossier(ctx, refusedDossier(said.Reason))
	}
	return false, nil
}

func (o *orderRun) isVerified(ctx workflow.Context) (bool, error) {
	status, err := ask(ctx, o, activities.KYCStatus, activities.KYCStatusRequest{Email: o.terms.email, Repeat: true})
	return status.Verified, err
}

// pauseUploads keeps the dossier: it was refused for a while, not for what is in it. Its sender is not kept waiting.
func (o *orderRun) pauseUploads(ctx workflow.Context, said activities.Refusal) {
	id := &o.identity
	id.again = workflow.Now(ctx).Add(said.RetryAfter)
	until := "They are uploaded again at " + situation.IST(id.again) + ", or others that come before"
	o.submissions.kyc.decide(refusal(ramp.KYCRefused, refusedDossier(said.Reason)+" "+until))
	o.enter(ctx, ramp.VerifyingKYC, sentence(refusedDossier(said.Reason))+" "+until+".")
}

func (o *orderRun) refuseDossier(ctx workflow.Context, reason string) {
	id := &o.identity
	id.dossier, id.reason = "", reason
	o.submissions.kyc.decide(refusal(ramp.KYCRefused, reason))
	if !id.taken.IsZero() {
		o.note(ctx, sentence(reason)+" The provider looks at the earlier ones.")
	}
}

// sitOutPause waits until the provider takes documents again: before, it would refuse any.
func (o *orderRun) sitOutPause(ctx workflow.Context) (bool, error) {
	id := &o.identity
	verified, err := o.awaitKYC(ctx, id.again.Sub(workflow.Now(ctx)), "Until the provider takes KYC documents again", nil)
	if workflow.Now(ctx).Before(id.again) {
		id.taken = time.Time{} // the time to review the earlier documents is over
	} else {
		id.again = time.Time{}
	}
	return verified, err
}

// awaitReview waits until the provider has looked at the documents, or the user hands in others.
func (o *orderRun) awaitReview(ctx workflow.Context) (bool, error) {
	verified, err := o.awaitKYC(ctx, 0, "", o.hasDossier)
	if err != nil || verified || o.hasDossier() {
		return verified, err
	}
	return false, end(ramp.Rejected, reviewOver)
}

// awaitDossier waits for the user's documents, and looks once more before it gives up.
func (o *orderRun) awaitDossier(ctx workflow.Context) (bool, error) {
	reason := o.identity.reason
	o.enter(ctx, ramp.AwaitingKYC, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userPatience)))
	verified, err := o.awaitKYC(ctx, userPatience, "The user's time to submit KYC documents", o.hasDossier)
	if err != nil || verified || o.hasDossier() {
		return verified, err
	}
	verified, err = o.isVerified(ctx)
	o.readMessages(ctx)
	if err != nil || verified || o.hasDossier() {
		return verified, err
	}
	return false, end(ramp.Rejected, "No KYC dossier came in time: %s.", reason)
}

func (o *orderRun) hasDossier() bool { return !o.submissions.kyc.empty() }

// awaitKYC watches the user's KYC until they are verified, which it reports, something else has come, or the time is up: that
// of a review, where the provider has documents to look at, and the given one, where it is not zero.
func (o *orderRun) awaitKYC(ctx workflow.Context, patience time.Duration, summary string, come func() bool) (bool, error) {
	watching, stop := workflow.WithCancel(ctx)
	defer o.clearConcern(ctx, outage)
	defer stop()
	var over, verified bool
	var failed error
	workflow.GoNamed(watching, "KYC", func(ctx workflow.Context) {
		var stopped activities.End
		stopped, failed = o.watchKYC(ctx)
		over, verified = true, failed == nil && stopped == activities.Decided
	})
	var timer workflow.Future
	if patience > 0 {
		timer = workflow.NewTimerWithOptions(watching, patience, workflow.TimerOptions{Summary: summary})
	}
	err := workflow.Await(ctx, func() bool {
		return over || come != nil && come() || timer != nil && timer.IsReady()
	})
	switch {
	case err != nil:
		return false, err
	case ctx.Err() != nil: // what was waited for is cancelled too
		return false, ctx.Err()
	default:
		return verified, failed
	}
}

// watchKYC watches at the pace of a review while the provider has documents to look at, and slowly otherwise.
func (o *orderRun) watchKYC(ctx workflow.Context) (activities.End, error) {
	since, idle := o.identity.taken, o.identity.taken.IsZero()
	if idle {
		since = workflow.Now(ctx)
	}
	return o.keepWatching(ctx, since, func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchKYC(ctx, activities.WatchKYCRequest{Email: o.terms.email, Idle: idle, Wait: wait})
		return result.WatchEnd, err
	})
}
