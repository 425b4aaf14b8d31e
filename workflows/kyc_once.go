package workflows

import (
	"go.temporal.io/sdk/workflow"

	"rampart/activities"
	"rampart/ramp"
)

// identifyOnce is identify for orders that began before changeIdentity: they ask for documents until the provider takes some, and take no
// others during its review.
func (o *orderRun) identifyOnce(ctx workflow.Context) error {
	reason := notVerified
	for {
		dossier, err := o.dossier(ctx, reason)
		if err != nil {
			return err
		}
		refused, err := o.uploadKYC(ctx, dossier)
		if err != nil {
			return err
		}
		o.submissions.kyc.decide(newRefusal(ramp.KYCRefused, refused))
		if refused == "" {
			o.submissions.kyc.close("the provider is looking at the user's KYC documents")
			return o.awaitVerification(ctx)
		}
		reason = refused
	}
}

// dossier returns the dossier of the request, once, or the one that the user submits.
func (o *orderRun) dossier(ctx workflow.Context, reason string) (ramp.Dossier, error) {
	if given := o.request.dossier; given != "" && o.submissions.kyc.empty() {
		o.request.dossier = ""
		return given, nil
	}
	if o.submissions.kyc.empty() {
		o.enter(ctx, ramp.AwaitingKYC, sentence(reason)+" "+waitsUntil(workflow.Now(ctx).Add(userTime)))
	}
	arrived, err := o.waitForUser(ctx, "KYC documents", func() bool { return !o.submissions.kyc.empty() })
	if err != nil {
		return "", err
	}
	if !arrived {
		return "", end(ramp.Rejected, "No KYC dossier was submitted in time: %s.", reason)
	}
	return o.submissions.kyc.take().Dossier, nil
}

// uploadKYC returns why the dossier was refused, or an empty reason.
func (o *orderRun) uploadKYC(ctx workflow.Context, dossier ramp.Dossier) (string, error) {
	o.enter(ctx, ramp.VerifyingKYC, "The user's KYC documents are uploaded.")
	_, err := untilAnswered(ctx, o, func(ctx workflow.Context) (activities.UploadKYCResult, error) {
		return activities.UploadKYC(ctx, activities.UploadKYCRequest{Email: o.request.email, Dossier: dossier})
	})
	if problem, invalid := activities.InvalidDossier(err); invalid {
		return unusableDossier(problem), nil
	}
	if refused, yes := activities.Refused(err); yes {
		return refusedDossier(refused.Reason), nil
	}
	return "", err
}

func (o *orderRun) awaitVerification(ctx workflow.Context) error {
	o.note(ctx, "The provider reviews the documents.")
	stopped, err := o.watchUntilAnswered(ctx, activities.Wait{WaitingSince: workflow.Now(ctx)}, func(wait activities.Wait) (activities.WatchEnd, error) {
		result, err := activities.WatchKYC(ctx, activities.WatchKYCRequest{Email: o.request.email, Wait: wait})
		return result.WatchEnd, err
	})
	if err == nil && stopped == activities.TimeUp {
		return end(ramp.Rejected, reviewOver)
	}
	return err
}
