package activities

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
)

// UploadKYCRequest names a user and a dossier, by reference: its contents never leave the activity.
type UploadKYCRequest struct {
	Email   string `json:"email"`
	Dossier string `json:"dossier"`
}

// UploadKYCResult says that the provider has received the dossier, which does not mean that it has verified the user. One of an
// earlier version is empty and says the same.
type UploadKYCResult struct {
	Received bool `json:"received,omitempty"`
}

// UploadKYC streams a dossier from its blob store to the provider (provider 3.4).
func (c *Calls) UploadKYC(ctx context.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	dossier, err := openDossier(ctx, c.dossiers, req.Dossier, req.Email)
	if err != nil {
		return UploadKYCResult{}, dossierError(ctx, err)
	}
	defer dossier.close()
	err = c.uploadError(ctx, c.provider.UploadKYC(ctx, user(req.Email), dossier.upload()))
	return UploadKYCResult{Received: err == nil}, err
}

// uploadError is dossierError for the upload itself. What a gateway refuses for the documents' sake is the user's to mend, and
// would be refused again. A refusal of another call on the way, the login, is none of the documents.
func (c *Calls) uploadError(ctx context.Context, err error) error {
	var provider *onmeta.Error
	switch {
	case ctx.Err() != nil || !errors.As(err, &provider):
		return dossierError(ctx, err)
	case provider.Route != onmeta.RouteUploadKYC:
		return classify(ctx, err)
	case provider.Status == http.StatusRequestEntityTooLarge:
		return dossierError(ctx, unusable("the documents are too large for the provider: smaller pictures are needed"))
	case provider.Status == http.StatusUnsupportedMediaType:
		return dossierError(ctx, unusable("the provider does not take documents of these formats"))
	case tooManyAttempts(provider):
		return refused(provider, Refusal{RetryAfter: c.timings.KYCPause})
	default:
		return dossierError(ctx, err)
	}
}

// tooManyAttempts reports whether the provider takes no more documents of the user for now, which it says with these words
// alone: "Too many failed attempts, please try after an hour!" (provider 6.4, 13).
func tooManyAttempts(err *onmeta.Error) bool {
	answered := err.Kind == onmeta.KindRefused || err.Kind == onmeta.KindRateLimited
	return answered && strings.Contains(strings.ToLower(err.Message), "too many failed attempts")
}

// UploadKYC runs the activity.
func UploadKYC(ctx workflow.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	return upload[UploadKYCResult](ctx, "Upload the user's KYC documents", (*Calls)(nil).UploadKYC, req)
}
