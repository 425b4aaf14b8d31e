package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
	"rampart/ramp/situation"
)

// identification is how far an order has come with a user whom the provider has not verified.
type identification struct {
	// reason is why the user is asked for documents.
	reason string
	// dossier waits to be uploaded since dossierAt; empty for none.
	dossier   ramp.Dossier
	dossierAt time.Time
	// retryAt is when the provider takes documents again after too many failed attempts; zero while it takes them.
	retryAt time.Time
	// submitted counts the dossiers that users submitted.
	submitted int
	// reviewSince is when the provider took the latest dossier, which it reviews; zero while it has none.
	reviewSince time.Time
}

// dossierLimit bounds how many dossiers an order takes, so that no number of them grows it without end.
const dossierLimit = 50

const (
	notVerified = "the provider has not verified the user"
	reviewOver  = "The provider did not verify the user's KYC documents in the time for a manual review."
)

func unusableDossier(problem string) string { return "the KYC dossier cannot be used: " + problem }

func refusedDossier(reason string) string { return "the provider refused the KYC documents: " + reason }

// verifyKYC returns once the provider has verified the user, which the guide makes mandatory. It also returns the call for the linked
// accounts that it made meanwhile. Its first call also decides whether the order begins, and by which rules it takes messages, so that none is read
// before.
func (o *orderRun) verifyKYC(ctx workflow.Context) (*accountPrefetch, error) {
	prefetched := new(accountPrefetch)
	if !o.clear || !changed(ctx, changeClearAsksAhead) {
		prefetched = o.prefetchAccounts(ctx)
	}
	asking := ctx
	if o.request.adopt != "" { // this may be an order that Temporal has lost, which its answer says and which may be paid
		asking = disconnected(ctx)
	}
	status, err := untilAnswered(asking, o, func(ctx workflow.Context) (activities.KYCStatusResult, error) {
		return activities.KYCStatus(ctx, activities.KYCStatusRequest{
			Email: o.request.email, Admission: &activities.Admission{
				Reference: o.order.Reference, Unencrypted: o.clear, EventURL: o.request.eventURL, Reset: wasReset(ctx),
				Identity: o.request.identity, Adopts: o.request.adopt,
			},
		})
	})
	o.found.user = status.UserHash
	if o.admission.decide(status.Rules, err) {
		o.readMessages(ctx)
	}
	o.beginEvents(ctx)
	defer o.submissions.kyc.close("the user's KYC is decided")
	defer o.hints.drop()
	if err == nil && status.Rules != nil && status.Rules.Resumed != nil {
		prefetched.discard()
		o.resume(ctx, status.Rules.Resumed)
		return prefetched, nil
	}
	if err != nil || status.Verified {
		return prefetched, err
	}
	prefetched.discard()
	if !changed(ctx, changeIdentity) {
		return prefetched, o.identifyOnce(ctx)
	}
	return prefetched, o.identify(ctx)
}

// identify asks the user for documents, if the request brought none, and uploads them until the provider has verified the user, by
// these or by those of another order. A refusal in the provider's review is never reported (provider 3.3), so that the user may submit
// other documents at any time.
func (o *orderRun) identify(ctx workflow.Context) error {
	o.identification = identification{reason: notVerified, dossier: o.request.dossier, dossierAt: workflow.Now(ctx)}
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
	switch id := &o.identification; {
	case !id.retryAt.IsZero():
		return o.awaitRetry(ctx)
	case !o.submissions.kyc.empty():
		id.dossier, id.dossierAt = o.submissions.kyc.take().Dossier, workflow.Now(ctx)
		id.submitted++
		return o.uploadDossier(ctx)
	case id.dossier != "":
		return o.uploadDossier(ctx)
	case !id.reviewSince.IsZero():
		return o.awaitReview(ctx)
	default:
		return o.awaitDossier(ctx)
	}
}

// uploadDossier uploads the dossier. The provider keeps reviewing an earlier one when a later one is refused.
func (o *orderRun) uploadDossier(ctx workflow.Context) (bool, error) {
	id := &o.identification
	if id.reviewSince.IsZero() {
		o.enter(ctx, ramp.VerifyingKYC, "The user's KYC documents are uploaded.")
	} else {
		o.enter(ctx, ramp.VerifyingKYC, "The user submitted other KYC documents; they are uploaded.")
	}
	_, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.UploadKYCResult, error) {
		return activities.UploadKYC(ctx, activities.UploadKYCRequest{Email: o.request.email, Dossier: id.dossier})
	})
	if problem, invalid := activities.InvalidDossier(err); invalid {
		o.refuseDossier(ctx, unusableDossier(problem))
		return false, nil
	}
	if refused, yes := activities.Refused(err); yes {
		return o.applyRefusal(ctx, refused)
	}
	if err != nil {
		return false, err
	}
	o.submissions.kyc.decide(nil)
	id.dossier, id.reviewSince = "", workflow.Now(ctx)
	o.note(ctx, "The provider reviews the documents.")
	return false, nil
}

// applyRefusal asks whether the user is verified, because the provider refuses the documents of a verified user.
func (o *orderRun) applyRefusal(ctx workflow.Context, refused activities.Refusal) (bool, error) {
	verified, err := o.isVerified(ctx)
	switch {
	case err != nil || verified:
		return verified, err
	case refused.RetryAfter > 0 && workflow.Now(ctx).Before(o.identification.dossierAt.Add(userTime)):
		o.pauseUploads(ctx, refused)
	default:
		o.refuseDossier(ctx, refusedDossier(refused.Reason))
	}
	return false, nil
}

func (o *orderRun) isVerified(ctx workflow.Context) (bool, error) {
	status, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.KYCStatusResult, error) {
		return activities.KYCStatus(ctx, activities.KYCStatusRequest{Email: o.request.email, Repeat: true})
	})
	return status.Verified, err
}

// pauseUploads keeps the dossier, which was refused for a while and not for its content. The sender of an update is answered now.
func (o *orderRun) pauseUploads(ctx workflow.Context, refused activities.Refusal) {
	id := &o.identification
	id.retryAt = workflow.Now(ctx).Add(refused.RetryAfter)
	until := "They are uploaded again at " + situation.IST(id.retryAt) + ", or others that come before"
	o.submissions.kyc.decide(newRefusal(ramp.KYCRefused, refusedDossier(refused.Reason)+" "+until))
	o.enter(ctx, ramp.VerifyingKYC, sentence(refusedDossier(refused.Reason))+" "+until+".")
}

func (o *orderRun) refuseDossier(ctx workflow.Context, reason string) {
	id := &o.identification
	id.dossier, id.reason = "", reason
	o.submissions.kyc.decide(newRefusal(ramp.KYCRefused, reason))
	if !id.reviewSince.IsZero() {
		o.note(ctx, sentence(reason)+" The provider looks at the earlier ones.")
	}
}

// awaitRetry waits until the provider takes documents again. Before that, it refuses any.
func (o *orderRun) awaitRetry(ctx workflow.Context) (bool, error) {
	id := &o.identification
	verified, err := o.awaitKYC(ctx, id.retryAt.Sub(workflow.Now(ctx)), "Until the provider takes KYC documents again", nil)
	if workflow.Now(ctx).Before(id.retryAt) {
		id.reviewSince = time.Time{} // the time to review the earlier documents is over
	} else {
		id.retryAt = time.Time{}
	}
	return verified, err
}

// awaitReview waits until the provider has reviewed the documents, or the user submits others.
func (o *orderRun) awaitReview(ctx workflow.Context) (bool, error) {
	verified, err := o.awaitKYC(ctx, 0, "", o.hasDossier)
	if err != nil || verified || o.hasDossier() {
		return verified, err
	}
	return false, end(ramp.Rejected, reviewOver)
}

// awaitDossier waits for the user's documents. Before it gives up it asks once more whether the user is verified.
func (o *orderRun) awaitDossier(ctx workflow.Context) (bool, error) {
	reason := o.identification.reason
	o.enter(ctx, ramp.AwaitingKYC, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userTime)))
	verified, err := o.awaitKYC(ctx, userTime, "The user's time to submit KYC documents", o.hasDossier)
	if err != nil || verified || o.hasDossier() {
		return verified, err
	}
	verified, err = o.isVerified(ctx)
	o.readMessages(ctx)
	if err != nil || verified || o.hasDossier() {
		return verified, err
	}
	return false, end(ramp.Rejected, "No KYC dossier was submitted in time: %s.", reason)
}

func (o *orderRun) hasDossier() bool { return !o.submissions.kyc.empty() }

// awaitKYC watches the user's KYC and reports whether the user is verified. It stops when interrupted, or when the time is up: the time
// for a review, while the provider has documents to review, and the limit, if it is not zero.
func (o *orderRun) awaitKYC(ctx workflow.Context, limit time.Duration, summary string, interrupted func() bool) (bool, error) {
	watching, stop := workflow.WithCancel(ctx)
	defer o.clearConcern(ctx, outage)
	defer stop()
	watch := o.watchKYC(watching, o.waitForReview(ctx))
	var timer workflow.Future
	if limit > 0 {
		timer = workflow.NewTimerWithOptions(watching, limit, workflow.TimerOptions{Summary: summary})
	}
	over := func() bool {
		return watch.done || interrupted != nil && interrupted() || timer != nil && timer.IsReady()
	}
	for {
		if err := workflow.Await(ctx, func() bool { return over() || o.hints.due }); err != nil {
			return false, err
		}
		if over() {
			break
		}
		watch = o.watchKYC(watching, watch.replace(ctx))
	}
	if ctx.Err() != nil { // the timer and the watch are cancelled with it
		return false, ctx.Err()
	}
	return watch.done && watch.err == nil && watch.stopped == activities.Decided, watch.err
}

// waitForReview counts from when the provider took the documents.
func (o *orderRun) waitForReview(ctx workflow.Context) activities.Wait {
	if since := o.identification.reviewSince; !since.IsZero() {
		return activities.Wait{WaitingSince: since}
	}
	return activities.Wait{WaitingSince: workflow.Now(ctx)}
}

// watchKYC polls at the pace of a review while the provider has documents to review, and slowly otherwise.
func (o *orderRun) watchKYC(ctx workflow.Context, wait activities.Wait) *watchRun {
	idle := o.identification.reviewSince.IsZero()
	return o.startRun(ctx, "KYC", wait, func(ctx workflow.Context, wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchKYC(ctx, activities.WatchKYCRequest{Email: o.request.email, Idle: idle, Wait: wait})
		return result.WatchEnd, err
	})
}
