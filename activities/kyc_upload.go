package activities

import (
	"context"

	"go.temporal.io/sdk/workflow"

	"rampart/onmeta"
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
		return UploadKYCResult{}, err
	}
	defer dossier.close()
	err = c.provider.UploadKYC(ctx, user(req.Email), dossier.upload())
	if onmeta.IsKind(err, onmeta.KindDocument) {
		return UploadKYCResult{}, storeError(ctx, "a file of the dossier went away while it was uploaded", err)
	}
	return UploadKYCResult{}, classify(ctx, err)
}

// UploadKYC runs the activity.
func UploadKYC(ctx workflow.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	return upload[UploadKYCResult](ctx, "Upload the user's KYC documents", (*Calls)(nil).UploadKYC, req)
}
