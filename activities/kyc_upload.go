package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"
)

// UploadKYCRequest names a user and a dossier, by reference: its contents never leave the activity.
type UploadKYCRequest struct {
	Email   string `json:"email"`
	Dossier string `json:"dossier"`
}

// UploadKYCResult is empty: the provider has received the dossier, which does not mean that it has verified the user.
type UploadKYCResult struct{}

// UploadKYC streams a dossier from its blob store to the provider (wire 3.4).
func (c *Calls) UploadKYC(ctx context.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	dossier, err := openDossier(ctx, c.dossiers, req.Dossier)
	if err != nil {
		return UploadKYCResult{}, dossierError(ctx, err)
	}
	defer dossier.close()
	return UploadKYCResult{}, dossierError(ctx, c.provider.UploadKYC(ctx, user(req.Email), dossier.upload()))
}

// UploadKYC runs the activity.
func UploadKYC(ctx workflow.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	return upload[UploadKYCResult](ctx, "Upload the user's KYC documents", (*Calls)(nil).UploadKYC, req)
}
