package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// identifyOnce is identify for the orders that began before it: they ask for documents until the provider takes some, and take
// no others while it looks at them.
func (l *lifecycle) identifyOnce(ctx workflow.Context) error {
	reason := notVerified
	for {
		dossier, err := l.dossier(ctx, reason)
		if err != nil {
			return err
		}
		refused, err := l.uploadKYC(ctx, dossier)
		if err != nil {
			return err
		}
		l.inbox.kyc.decide(refusal(ramp.KYCRefused, refused))
		if refused == "" {
			l.inbox.kyc.finish("the provider is looking at the user's KYC documents")
			return l.awaitVerification(ctx)
		}
		reason = refused
	}
}

// dossier is the one given with the request, or the one the user submits.
func (l *lifecycle) dossier(ctx workflow.Context, reason string) (string, error) {
	if given := l.terms.dossier; given != "" && l.inbox.kyc.empty() {
		l.terms.dossier = ""
		return given, nil
	}
	if l.inbox.kyc.empty() {
		l.enter(ctx, ramp.AwaitingKYC, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userPatience)))
	}
	arrived, err := l.awaitUser(ctx, "KYC documents", func() bool { return !l.inbox.kyc.empty() })
	if err != nil {
		return "", err
	}
	if !arrived {
		return "", end(ramp.Rejected, "No KYC dossier came in time: %s.", reason)
	}
	return l.inbox.kyc.take().Dossier, nil
}

// uploadKYC returns why the dossier was refused, or nothing.
func (l *lifecycle) uploadKYC(ctx workflow.Context, dossier string) (string, error) {
	l.enter(ctx, ramp.VerifyingKYC, "The user's KYC documents are uploaded.")
	_, err := ask(ctx, l, activities.UploadKYC, activities.UploadKYCRequest{Email: l.terms.email, Dossier: dossier})
	if problem, invalid := activities.InvalidDossier(err); invalid {
		return unusableDossier(problem), nil
	}
	if said, refused := activities.Refused(err); refused {
		return refusedDossier(said.Reason), nil
	}
	return "", err
}

func (l *lifecycle) awaitVerification(ctx workflow.Context) error {
	l.note(ctx, "The provider has the documents and looks at them.")
	stopped, err := l.keepWatching(ctx, workflow.Now(ctx), func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchKYC(ctx, activities.WatchKYCRequest{Email: l.terms.email, Wait: wait})
		return result.WatchEnd, err
	})
	if err == nil && stopped == activities.TimeUp {
		return end(ramp.Rejected, reviewOver)
	}
	return err
}
