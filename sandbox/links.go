package sandbox

import (
	"net/http"
	"strings"
	"time"
)

// Statuses of a link (provider 3.8).
const (
	linkPending = "PENDING"
	linkSuccess = "SUCCESS"
	linkFailed  = "FAILED"
)

const (
	// linkTime is how long a pending link takes.
	linkTime           = time.Minute
	reasonNameMismatch = "name does not match the KYC name"
	reasonInvalidIFSC  = "invalid IFSC"
	branchAddress      = "MG Road"
)

// link is the verification of an account: pending until it settles, then linked or failed.
type link struct {
	reference string
	createdAt time.Time
	settlesAt time.Time
	failure   string // empty: it succeeds
	unnamed   bool   // the answer keeps its reference back
}

// answered returns the status in the answer to starting the link (provider 3.8).
func (l link) answered(now time.Time) linkAnswer {
	if l.unnamed {
		return linkAnswer{Status: l.status(now)}
	}
	return linkAnswer{l.reference, l.status(now)}
}

func (l link) status(now time.Time) string {
	switch {
	case now.Before(l.settlesAt):
		return linkPending
	case l.failure != "":
		return linkFailed
	default:
		return linkSuccess
	}
}

// reason explains a failure, once there is one.
func (l link) reason(now time.Time) string {
	if l.status(now) != linkFailed {
		return ""
	}
	return l.failure
}

func (l link) updatedAt(now time.Time) time.Time {
	if now.Before(l.settlesAt) {
		return l.createdAt
	}
	return l.settlesAt
}

// newLink starts a verification. A failure that the request causes takes precedence over the magic value.
func (s *Server) newLink(magic accountMagic, failure string, now time.Time) link {
	l := link{reference: s.store.uuid(), createdAt: now, settlesAt: now, failure: failure}
	if failure != "" {
		return l
	}
	l.failure, l.unnamed = magic.failure, magic.unnamed
	if magic.pending {
		l.settlesAt = now.Add(linkTime)
	}
	return l
}

type bankLink struct {
	link
	bankForm
	transactionID string
}

type upiLink struct {
	link
	upiForm
}

// bankForm is the body of account-link (provider 3.8).
type bankForm struct {
	name   string
	holder string // the account's name
	number string
	ifsc   string
	phone  *phone // nil: not given
}

// upiForm is the body of upi-link (provider 3.10).
type upiForm struct {
	name  string
	id    string
	phone *phone // nil: not given
}

// masked returns the account number as the provider shows it.
func (f bankForm) masked() string { return "XXXX" + f.number[len(f.number)-4:] }

func (b *bankLink) details() *bankDetails {
	return &bankDetails{AccountNumber: b.masked(), AccountName: b.holder, IFSC: b.ifsc, BranchAddress: branchAddress}
}

// lastBank returns the bank account linked last, or nil.
func (u *user) lastBank(now time.Time) *bankDetails {
	for i := len(u.banks) - 1; i >= 0; i-- {
		if u.banks[i].status(now) == linkSuccess {
			return u.banks[i].details()
		}
	}
	return nil
}

func (s *Server) addBank(u *user, form bankForm, now time.Time) *bankLink {
	l := s.newLink(magicForAccount(form.number), u.bankFailure(form), now)
	b := &bankLink{bankForm: form, transactionID: s.store.digits(), link: l}
	u.banks = append(u.banks, b)
	u.learnPhone(form.phone)
	return b
}

func (s *Server) addUPI(u *user, form upiForm, now time.Time) *upiLink {
	local, _, _ := strings.Cut(form.id, "@")
	l := &upiLink{upiForm: form, link: s.newLink(magicForUPI(local), u.nameFailure(form.name), now)}
	u.upis = append(u.upis, l)
	u.learnPhone(form.phone)
	return l
}

// bankFailure returns what is wrong with the account, or "".
func (u *user) bankFailure(form bankForm) string {
	switch {
	case !ifscForm.MatchString(form.ifsc):
		return reasonInvalidIFSC
	case !strings.EqualFold(form.name, form.holder):
		return reasonNameMismatch
	default:
		return u.nameFailure(form.name)
	}
}

// nameFailure compares a name with the KYC name, where one is known.
func (u *user) nameFailure(name string) string {
	if u.name != "" && !strings.EqualFold(u.name, name) {
		return reasonNameMismatch
	}
	return ""
}

// linkedUPI reports whether the user may pay from a UPI id.
func (u *user) linkedUPI(id string, now time.Time) bool {
	for _, l := range u.upis {
		if l.id == id && l.status(now) == linkSuccess {
			return true
		}
	}
	return false
}

// linkedBank finds a linked account that match accepts.
func (u *user) linkedBank(now time.Time, match func(*bankLink) bool) (*bankLink, error) {
	for _, b := range u.banks {
		if b.status(now) == linkSuccess && match(b) {
			return b, nil
		}
	}
	return nil, refuse(http.StatusNotFound, bankNotFound, "no linked bank account is named so")
}

// learnPhone stores the phone number, if one was given.
func (u *user) learnPhone(given *phone) {
	if given != nil {
		u.phone = *given
	}
}
