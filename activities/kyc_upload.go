package activities

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"go.temporal.io/sdk/workflow"

	"rampart/dossier"
	"rampart/internal/redact"
	"rampart/onmeta"
	"rampart/ramp"
)

// Dossiers opens KYC dossiers, as dossier.Stores does.
type Dossiers interface {
	// Open opens the dossier at a URL and checks that it belongs to the user with this e-mail and is complete. It fails with a
	// dossier.InvalidError or a dossier.StoreError.
	Open(ctx context.Context, url, email string) (*dossier.Dossier, error)
}

// UploadKYCRequest names a user and a dossier, by its URL: its contents never leave the activity.
type UploadKYCRequest struct {
	Email   ramp.Email   `json:"email"`
	Dossier ramp.Dossier `json:"dossier"`
}

// UploadKYCResult says that the provider received the dossier, which does not mean that it has verified the user. The result of an
// earlier version is empty and means the same.
type UploadKYCResult struct {
	Received bool `json:"received,omitempty"`
}

// UploadKYC streams a dossier from its store to the provider (provider 3.4).
func (c *Calls) UploadKYC(ctx context.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	opened, err := c.dossiers.Open(ctx, string(req.Dossier), string(req.Email))
	if err != nil {
		return UploadKYCResult{}, classify(ctx, err)
	}
	defer opened.Close()
	err = c.uploadError(ctx, c.provider.UploadKYC(ctx, user(req.Email), kycUpload(opened)))
	return UploadKYCResult{Received: err == nil}, err
}

func kycUpload(d *dossier.Dossier) onmeta.KYCUpload {
	return onmeta.KYCUpload{
		FirstName:    d.Person.FirstName,
		LastName:     d.Person.LastName,
		PAN:          d.Person.PAN,
		Aadhaar:      d.Person.Aadhaar,
		IncomeRange:  d.Person.IncomeRange,
		Profession:   d.Person.Profession,
		Selfie:       file(d.Selfie),
		AadhaarFront: file(d.AadhaarFront),
		AadhaarBack:  file(d.AadhaarBack),
		PANFront:     file(d.PANFront),
		PANBack:      file(d.PANBack),
	}
}

func file(d dossier.Document) onmeta.File {
	return onmeta.File{Name: redact.Personal(d.Name), ContentType: d.ContentType, Open: d.Open}
}

// uploadError is classify for the upload. A gateway that refuses the documents for their size or format would refuse them again, so
// the user must correct them. A refused login on the way says nothing about the documents.
func (c *Calls) uploadError(ctx context.Context, err error) error {
	var provider *onmeta.Error
	if ctx.Err() != nil || !errors.As(err, &provider) || provider.Route != onmeta.RouteUploadKYC {
		return classify(ctx, err)
	}
	switch {
	case provider.Status == http.StatusRequestEntityTooLarge:
		err = dossier.InvalidError("the documents are too large for the provider: smaller pictures are needed")
	case provider.Status == http.StatusUnsupportedMediaType:
		err = dossier.InvalidError("the provider does not accept documents of these formats")
	case tooManyAttempts(provider):
		return refusal(provider, Refusal{RetryAfter: c.timings.KYCPause})
	}
	return classify(ctx, err)
}

// tooManyAttempts reports whether the provider accepts no documents of the user for a while. Only this text says so: "Too many failed
// attempts, please try after an hour!" (provider 6.4, 13).
func tooManyAttempts(err *onmeta.Error) bool {
	answered := err.Kind == onmeta.KindRefused || err.Kind == onmeta.KindRateLimited
	return answered && strings.Contains(strings.ToLower(err.Message), "too many failed attempts")
}

// UploadKYC runs the activity.
func UploadKYC(ctx workflow.Context, req UploadKYCRequest) (UploadKYCResult, error) {
	return call[UploadKYCResult](ctx, uploadPolicy, "Upload the user's KYC documents", (*Calls)(nil).UploadKYC, req)
}
