package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"rampart/onmeta"
	"rampart/sandbox/ledger"
)

// reviewTime is how long a manual review takes. The provider promises up to 24 hours (provider 3.3).
const reviewTime = 6 * time.Hour

var (
	panForm     = regexp.MustCompile(`^[A-Z]{5}[0-9]{4}[A-Z]$`)
	aadhaarForm = regexp.MustCompile(`^[0-9]{12}$`)
	dobForm     = regexp.MustCompile(`^[0-9]{2}/[0-9]{2}/[0-9]{4}$`)
)

// kycRecord is the state of a user's KYC. Answers distinguish verified and not verified only (provider 3.3).
type kycRecord struct {
	verifiedAt time.Time // zero while no end is in sight
	review     time.Duration
	never      bool
	refusals   int // how many uploads are still to be refused
	// reviewRefusals is how many uploads a review is still to refuse.
	reviewRefusals int
	// failures are the uploads refused in a row; too many of them lock the user out until lockedUntil.
	failures    int
	lockedUntil time.Time
}

// After maxKYCFailures refused uploads, all are refused for an hour. The hour is documented (provider 13), the number is not.
const (
	maxKYCFailures = 3
	kycLock        = time.Hour
	kycLocked      = "Too many failed attempts, please try after an hour!"
)

// elsewhereTime is how long after the first login a user who completes KYC elsewhere is verified.
const elsewhereTime = 10 * time.Minute

func newKYC(tags map[string]bool, now time.Time) kycRecord {
	k := kycRecord{never: tags[tagNeverVerified]}
	if tags[tagReview] {
		k.review = reviewTime
	}
	if tags[tagKYCRefused] {
		k.refusals = 1
	}
	if tags[tagKYCFails] {
		k.refusals = maxKYCFailures
	}
	if tags[tagKYCLocked] {
		k.failures = maxKYCFailures
	}
	if tags[tagReviewRefused] {
		k.reviewRefusals = 1
	}
	if !slices.ContainsFunc(kycTags(), func(tag string) bool { return tags[tag] }) {
		k.verifiedAt = now
	}
	if tags[tagVerifiedElsewhere] {
		k.verifiedAt = now.Add(elsewhereTime)
	}
	return k
}

// kycTags are the tags of users without KYC.
func kycTags() []string {
	return []string{tagNoKYC, tagReview, tagKYCRefused, tagNeverVerified, tagReviewRefused, tagKYCFails, tagKYCLocked, tagVerifiedElsewhere}
}

func (k kycRecord) verified(now time.Time) bool {
	return !k.verifiedAt.IsZero() && !now.Before(k.verifiedAt)
}

// take records an upload. A second one does not restart the review.
func (k *kycRecord) take(now time.Time) {
	if k.reviewRefusals > 0 {
		k.reviewRefusals--
		return
	}
	if !k.never && k.verifiedAt.IsZero() {
		k.verifiedAt = now.Add(k.review)
	}
}

// kycStatus answers with a string, not a boolean (provider 3.3).
func (s *Server) kycStatus(c *call) (any, error) {
	var email string
	err := c.read(func(o *object) { email = o.text("email") })
	if err != nil {
		return nil, err
	}
	if err := c.requireOwn(email); err != nil {
		return nil, err
	}
	return answer(map[string]string{"isKycVerified": fmt.Sprint(c.user.kyc.verified(c.now))}), nil
}

// requireKYC refuses a user whose KYC is not verified (provider 1.6).
func (c *call) requireKYC() error {
	if !c.user.kyc.verified(c.now) {
		return refuse(http.StatusBadRequest, "KYC not verified", "the user's KYC must be verified first")
	}
	return nil
}

// uploadKYC accepts a dossier (provider 3.4). Success means received, not verified.
func (s *Server) uploadKYC(c *call) (any, error) {
	dossier, err := c.readForm()
	if err != nil {
		return nil, err
	}
	name, err := s.checkKYC(c, dossier)
	if err != nil {
		return nil, err
	}
	if err := c.user.kyc.refuse(c.now); err != nil {
		s.announceKYC(c.user, onmeta.KYCSelfieFailure, c.now)
		return nil, err
	}
	s.takeKYC(c, name)
	return received(), nil
}

// refuse returns why a user's complete dossier is refused (provider 6.4, 13).
func (k *kycRecord) refuse(now time.Time) error {
	switch {
	case k.verified(now):
		return codelessRefusal("KYC already verified", "the user's KYC is verified")
	case now.Before(k.lockedUntil):
		return codelessRefusal(kycLocked, "the hour after too many refused uploads is not over")
	case k.failures >= maxKYCFailures && k.lockedUntil.IsZero():
		k.lockedUntil = now.Add(kycLock)
		return codelessRefusal(kycLocked, "too many uploads were refused")
	case k.refusals > 0:
		k.refusals--
		k.failures++
		return errors.New("the user's tag lets the upload be refused")
	default:
		return nil
	}
}

// takeKYC stores the user's name and that a dossier arrived, and nothing else of it.
func (s *Server) takeKYC(c *call, name string) {
	c.user.name = name
	for _, step := range kycSteps() {
		s.announceKYC(c.user, step, c.now)
	}
	c.user.kyc.take(c.now)
	s.journal.Add(ledger.Event{At: c.now, Kind: ledger.EventKYC, Email: c.user.email})
}

// checkKYC checks a dossier and returns the user's name in it.
func (s *Server) checkKYC(c *call, dossier form) (string, error) {
	if err := dossier.checkKYCNames(); err != nil {
		return "", err
	}
	if err := c.requireOwn(dossier.values["email"]); err != nil {
		return "", err
	}
	opened, err := s.openKYCFields(dossier)
	if err != nil {
		return "", err
	}
	switch {
	case !panForm.MatchString(opened["panNumber"]):
		return "", errors.New("panNumber must be five letters, four digits and a letter")
	case !aadhaarForm.MatchString(opened["aadharNumber"]):
		return "", errors.New("aadharNumber must be 12 digits")
	case !slices.Contains(incomeRanges(), strings.ReplaceAll(dossier.values["incomeRange"], " ", "")):
		return "", errors.New("incomeRange is not one of the documented ranges")
	}
	return opened["firstName"] + " " + opened["lastName"], nil
}

func incomeRanges() []string {
	return []string{"<10L", "10L-15L", "15L-20L", "20L-25L", "25L-50L", ">50L"}
}

func encryptedKYCFields() []string {
	return []string{"firstName", "lastName", "panNumber", "aadharNumber"}
}

func plainKYCFields() []string { return []string{"email", "incomeRange", "profession"} }

func kycFiles() []string {
	return []string{"selfie", "aadharFront", "aadharBack", "panFront", "panBack"}
}

func (s *Server) openKYCFields(dossier form) (map[string]string, error) {
	opened := map[string]string{}
	for _, name := range encryptedKYCFields() {
		plaintext, err := onmeta.DecryptKYCField(onmeta.Secret(s.options.KYCSecret), dossier.values[name])
		if err != nil || strings.TrimSpace(plaintext) == "" {
			return nil, fmt.Errorf("%s must be encrypted under the KYC secret and not be empty", name)
		}
		opened[name] = plaintext
	}
	return opened, nil
}

// checkKYCNames checks that the form holds every documented field, none of them empty, and nothing else.
func (f form) checkKYCNames() error {
	texts := append(plainKYCFields(), encryptedKYCFields()...)
	for _, name := range texts {
		if f.values[name] == "" {
			return fmt.Errorf("%s must be a text field that is not empty", name)
		}
	}
	for _, name := range kycFiles() {
		if f.files[name] == 0 {
			return fmt.Errorf("%s must be a file that is not empty", name)
		}
	}
	if len(f.values) > len(texts) || len(f.files) > len(kycFiles()) {
		return errors.New("the form holds a field that is not documented")
	}
	return nil
}

// uploadNRIKYC accepts the dossier of a user who lives abroad (provider 3.5).
func (s *Server) uploadNRIKYC(c *call) (any, error) {
	dossier, err := c.readForm()
	if err != nil {
		return nil, err
	}
	if err := checkNRIKYC(c, dossier); err != nil {
		return nil, err
	}
	if c.user.kyc.verified(c.now) {
		return nil, nestedRefusal(http.StatusConflict, "Kyc has already been completed for this customer",
			"the user's KYC is verified")
	}
	s.takeKYC(c, dossier.values["name"])
	return answer(map[string]string{"message": "successfully uploaded kyc documents"}), nil
}

func checkNRIKYC(c *call, dossier form) error {
	for _, name := range []string{"name", "email", "dob", "address[pin]", "address[state]", "address[city]",
		"address[locality]", "documents[0].docName", "documents[0].docNumber"} {
		if dossier.values[name] == "" {
			return fmt.Errorf("%s must be a text field that is not empty", name)
		}
	}
	if !dobForm.MatchString(dossier.values["dob"]) {
		return errors.New("dob must be DD/MM/YYYY")
	}
	return c.requireOwn(dossier.values["email"])
}
