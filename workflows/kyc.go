package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
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
func (l *lifecycle) verifyKYC(ctx workflow.Context) error {
	if !l.clear || !changed(ctx, changeClearAsksAhead) {
		l.lookAhead(ctx)
	}
	status, err := ask(ctx, l, activities.KYCStatus, activities.KYCStatusRequest{
		Email: l.terms.email, Admission: &activities.Admission{Reference: l.order.Reference, Unencrypted: l.clear},
	})
	l.begun, l.rules, l.stillborn = true, status.Rules, err != nil
	if l.rules != nil || l.holding { // an order that began before there were rules reads its messages when it waits for some
		l.readMessages(ctx)
	}
	defer l.inbox.kyc.finish("the user's KYC is decided")
	if err != nil || status.Verified {
		return err
	}
	l.forgetLookup()
	if !changed(ctx, changeIdentity) {
		return l.identifyOnce(ctx)
	}
	return l.identify(ctx)
}

// identify asks the user for documents, if the request brought none, and hands them in until the provider has verified the user,
// by these or by others: a user with two orders hands in documents once. The provider refuses documents in silence, in a review
// that nobody sees the end of (provider 3.3), so that the user may hand in others at any time.
func (l *lifecycle) identify(ctx workflow.Context) error {
	l.identity = identity{reason: notVerified, dossier: l.terms.dossier, since: workflow.Now(ctx)}
	for verified := false; !verified; {
		var err error
		if verified, err = l.seekVerification(ctx); err != nil {
			return err
		}
	}
	l.settle(ctx, outage) // of a watch that was given up as it found one
	l.enter(ctx, ramp.VerifyingKYC, "The provider has verified the user.")
	return nil
}

// seekVerification does the next thing that may get the user verified, and reports whether they are.
func (l *lifecycle) seekVerification(ctx workflow.Context) (bool, error) {
	switch id := &l.identity; {
	case !id.again.IsZero():
		return l.sitOutPause(ctx)
	case !l.inbox.kyc.empty():
		id.dossier, id.since = l.inbox.kyc.take().Dossier, workflow.Now(ctx)
		id.handedIn++
		return l.handIn(ctx)
	case id.dossier != "":
		return l.handIn(ctx)
	case !id.taken.IsZero():
		return l.awaitReview(ctx)
	default:
		return l.awaitDossier(ctx)
	}
}

// handIn uploads the dossier. One that the provider has taken stays with it when a later one is refused.
func (l *lifecycle) handIn(ctx workflow.Context) (bool, error) {
	id := &l.identity
	if id.taken.IsZero() {
		l.enter(ctx, ramp.VerifyingKYC, "The user's KYC documents are uploaded.")
	} else {
		l.enter(ctx, ramp.VerifyingKYC, "The user has handed in other KYC documents; they are uploaded.")
	}
	_, err := ask(ctx, l, activities.UploadKYC, activities.UploadKYCRequest{Email: l.terms.email, Dossier: id.dossier})
	if problem, invalid := activities.InvalidDossier(err); invalid {
		l.refuseDossier(ctx, unusableDossier(problem))
		return false, nil
	}
	if said, refused := activities.Refused(err); refused {
		return l.heedRefusal(ctx, said)
	}
	if err != nil {
		return false, err
	}
	l.inbox.kyc.decide(nil)
	id.dossier, id.taken = "", workflow.Now(ctx)
	l.note(ctx, "The provider has the documents and looks at them.")
	return false, nil
}

// heedRefusal looks whether the user is verified: the provider refuses the documents of a user who is.
func (l *lifecycle) heedRefusal(ctx workflow.Context, said activities.Refusal) (bool, error) {
	verified, err := l.isVerified(ctx)
	switch {
	case err != nil || verified:
		return verified, err
	case said.RetryAfter > 0 && workflow.Now(ctx).Before(l.identity.since.Add(userPatience)):
		l.pauseUploads(ctx, said)
	default:
		l.refuseDossier(ctx, refusedDossier(said.Reason))
	}
	return false, nil
}

func (l *lifecycle) isVerified(ctx workflow.Context) (bool, error) {
	status, err := ask(ctx, l, activities.KYCStatus, activities.KYCStatusRequest{Email: l.terms.email, Repeat: true})
	return status.Verified, err
}

// pauseUploads keeps the dossier: it was refused for a while, not for what is in it. Its sender is not kept waiting.
func (l *lifecycle) pauseUploads(ctx workflow.Context, said activities.Refusal) {
	id := &l.identity
	id.again = workflow.Now(ctx).Add(said.RetryAfter)
	until := "They are uploaded again at " + ist(id.again) + ", or others that come before"
	l.inbox.kyc.decide(refusal(ramp.KYCRefused, refusedDossier(said.Reason)+" "+until))
	l.enter(ctx, ramp.VerifyingKYC, sentence(refusedDossier(said.Reason))+" "+until+".")
}

func (l *lifecycle) refuseDossier(ctx workflow.Context, reason string) {
	id := &l.identity
	id.dossier, id.reason = "", reason
	l.inbox.kyc.decide(refusal(ramp.KYCRefused, reason))
	if !id.taken.IsZero() {
		l.note(ctx, sentence(reason)+" The provider looks at the earlier ones.")
	}
}

// sitOutPause waits until the provider takes documents again: before, it would refuse any.
func (l *lifecycle) sitOutPause(ctx workflow.Context) (bool, error) {
	id := &l.identity
	verified, err := l.awaitKYC(ctx, id.again.Sub(workflow.Now(ctx)), "Until the provider takes KYC documents again", nil)
	if workflow.Now(ctx).Before(id.again) {
		id.taken = time.Time{} // the time to review the earlier documents is over
	} else {
		id.again = time.Time{}
	}
	return verified, err
}

// awaitReview waits until the provider has looked at the documents, or the user hands in others.
func (l *lifecycle) awaitReview(ctx workflow.Context) (bool, error) {
	verified, err := l.awaitKYC(ctx, 0, "", l.hasDossier)
	if err != nil || verified || l.hasDossier() {
		return verified, err
	}
	return false, end(ramp.Rejected, reviewOver)
}

// awaitDossier waits for the user's documents, and looks once more before it gives up.
func (l *lifecycle) awaitDossier(ctx workflow.Context) (bool, error) {
	reason := l.identity.reason
	l.enter(ctx, ramp.AwaitingKYC, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userPatience)))
	verified, err := l.awaitKYC(ctx, userPatience, "The user's time to submit KYC documents", l.hasDossier)
	if err != nil || verified || l.hasDossier() {
		return verified, err
	}
	verified, err = l.isVerified(ctx)
	l.readMessages(ctx)
	if err != nil || verified || l.hasDossier() {
		return verified, err
	}
	return false, end(ramp.Rejected, "No KYC dossier came in time: %s.", reason)
}

func (l *lifecycle) hasDossier() bool { return !l.inbox.kyc.empty() }

// awaitKYC watches the user's KYC until they are verified, which it reports, something else has come, or the time is up: that
// of a review, where the provider has documents to look at, and the given one, where it is not zero.
func (l *lifecycle) awaitKYC(ctx workflow.Context, patience time.Duration, summary string, come func() bool) (bool, error) {
	watching, stop := workflow.WithCancel(ctx)
	defer l.settle(ctx, outage)
	defer stop()
	var over, verified bool
	var failed error
	workflow.GoNamed(watching, "KYC", func(ctx workflow.Context) {
		var stopped activities.End
		stopped, failed = l.watchKYC(ctx)
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
func (l *lifecycle) watchKYC(ctx workflow.Context) (activities.End, error) {
	since, idle := l.identity.taken, l.identity.taken.IsZero()
	if idle {
		since = workflow.Now(ctx)
	}
	return l.keepWatching(ctx, since, func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchKYC(ctx, activities.WatchKYCRequest{Email: l.terms.email, Idle: idle, Wait: wait})
		return result.WatchEnd, err
	})
}
