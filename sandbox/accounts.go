package sandbox

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"rampart/sandbox/ledger"
)

var (
	accountForm = regexp.MustCompile(`^[0-9]{4,18}$`)
	ifscForm    = regexp.MustCompile(`^[A-Z]{4}0[A-Z0-9]{6}$`)
	vpaForm     = regexp.MustCompile(`^[A-Za-z0-9._-]{2,256}@[A-Za-z][A-Za-z0-9]{1,63}$`)
)

type linkAnswer struct {
	ReferenceNumber string `json:"referenceNumber,omitempty"`
	Status          string `json:"status"`
}

// linkBank starts linking a bank account (provider 3.8). The call succeeds even if the link fails.
func (s *Server) linkBank(c *call) (any, error) {
	form, err := c.readBankForm()
	if err != nil {
		return nil, err
	}
	if err := c.requireKYC(); err != nil {
		return nil, err
	}
	for _, b := range c.user.banks {
		if b.number == form.number && b.ifsc == form.ifsc && b.status(c.now) != linkFailed {
			return relink(b.link, c.now)
		}
	}
	b := s.addBank(c.user, form, c.now)
	s.journal.Add(ledger.Event{At: c.now, Kind: ledger.EventBankLink, Email: c.user.email, Detail: b.status(c.now)})
	return answer(b.answered(c.now)), nil
}

// relink answers a request for an account that is linked already or being linked.
func relink(l link, now time.Time) (any, error) {
	if l.status(now) == linkSuccess {
		return nil, refuse(http.StatusNotAcceptable, "account already verified", "this account is linked already")
	}
	return answer(l.answered(now)), nil
}

func (c *call) readBankForm() (bankForm, error) {
	var form bankForm
	var email, pan string
	var kycVerified bool
	err := c.read(func(o *object) {
		form.name, pan, email = o.text("name"), o.text("panNumber"), o.text("email")
		kycVerified = o.truth("kycVerfied") // spelled so by the provider
		o.nested("bankDetails", func(o *object) {
			form.number, form.ifsc, form.holder = o.text("accountNumber"), o.text("ifsc"), o.text("accountName")
			if !accountForm.MatchString(form.number) {
				o.complain("accountNumber", "must be 4 to 18 digits")
			}
		})
		form.phone = readPhone(o)
		if !panForm.MatchString(pan) {
			o.complain("panNumber", "must be five letters, four digits and a letter")
		}
	})
	if err != nil {
		return bankForm{}, err
	}
	if err := c.requireOwn(email); err != nil {
		return bankForm{}, err
	}
	if !kycVerified {
		return bankForm{}, refuse(http.StatusBadRequest, "KYC not verified", "kycVerfied must be true")
	}
	return form, nil
}

// readPhone reads the optional phone number; nil if absent.
func readPhone(o *object) *phone {
	var given *phone
	o.optionalNested("phone", func(o *object) {
		given = &phone{countryCode: o.text("countryCode"), number: o.text("number")}
	})
	return given
}

// bankStatus answers with the status of a link; the reference has another name than in linkBank (provider 3.9).
func (s *Server) bankStatus(c *call) (any, error) {
	for _, b := range c.user.banks {
		if b.reference == c.request.PathValue("reference") {
			return answer(map[string]string{
				"bankStatus": b.status(c.now), "transactionId": b.transactionID, "referenceId": b.reference}), nil
		}
	}
	return nil, notFound("the user has no bank link with this reference")
}

// fetchBanks lists every link, failed ones included, each with its status (provider 3.6).
func (s *Server) fetchBanks(c *call) (any, error) {
	var items []bankItem
	for _, b := range c.user.banks {
		items = append(items, newBankItem(b, c.now))
	}
	return linked(c.user, items, bankNotFound)
}

// linked answers with a user's links. Without any it answers 404, as a sibling call does (provider 13), or an empty list if the
// user's tags say so.
func linked[T any](u *user, items []T, none string) (any, error) {
	tags := tagsOf(u.email)
	switch {
	case len(items) > 0 || tags[tagNullList]:
		return listing(items), nil
	case tags[tagEmptyList]:
		return listing([]T{}), nil
	default:
		return nil, refuse(http.StatusNotFound, none, "the user has linked nothing of the kind")
	}
}

// The answers for missing accounts. The second one is not documented.
const (
	bankNotFound = "Bank details are not found for the user"
	upiNotFound  = "UPI details are not found for the user"
)

type bankItem struct {
	AccountNumber    string `json:"accountNumber"`
	AccountName      string `json:"accountName"`
	IFSC             string `json:"ifsc"`
	ReferenceNumber  string `json:"referenceNumber"`
	TransactionID    string `json:"transactionId"`
	TenantID         string `json:"tenantId"`
	Status           string `json:"status"`
	CreatedAt        string `json:"created_at"`
	UpdatedAt        string `json:"updated_at"`
	VerificationName string `json:"verificationName"`
	Reason           string `json:"reason"`
}

func newBankItem(b *bankLink, now time.Time) bankItem {
	item := bankItem{
		AccountNumber: b.masked(), AccountName: b.holder, IFSC: b.ifsc, ReferenceNumber: b.reference,
		TransactionID: b.transactionID, TenantID: tenantID, Status: b.status(now), Reason: b.reason(now),
		CreatedAt: timestamp(b.createdAt), UpdatedAt: timestamp(b.updatedAt(now)),
	}
	if item.Status == linkSuccess {
		item.VerificationName = strings.ToUpper(b.holder)
	}
	return item
}

// linkUPI starts linking a UPI id (provider 3.10).
func (s *Server) linkUPI(c *call) (any, error) {
	form, err := c.readUPIForm()
	if err != nil {
		return nil, err
	}
	if err := c.requireKYC(); err != nil {
		return nil, err
	}
	for _, l := range c.user.upis {
		if l.id == form.id && l.status(c.now) != linkFailed {
			return relink(l.link, c.now)
		}
	}
	local, _, _ := strings.Cut(form.id, "@")
	if !vpaForm.MatchString(form.id) || strings.HasSuffix(local, unknownVPA) {
		return nil, refuse(http.StatusBadRequest, "account not found for vpa", "upiId is malformed, or chosen to be unknown")
	}
	l := s.addUPI(c.user, form, c.now)
	s.journal.Add(ledger.Event{At: c.now, Kind: ledger.EventUPILink, Email: c.user.email, Detail: l.status(c.now)})
	return answer(l.answered(c.now)), nil
}

func (c *call) readUPIForm() (upiForm, error) {
	var form upiForm
	var email string
	err := c.read(func(o *object) {
		form.name, form.id, email = o.text("name"), o.text("upiId"), o.text("email")
		form.phone = readPhone(o)
	})
	if err != nil {
		return upiForm{}, err
	}
	return form, c.requireOwn(email)
}

func (s *Server) upiStatus(c *call) (any, error) {
	for _, l := range c.user.upis {
		if l.reference == c.request.PathValue("reference") {
			return answer(map[string]string{"upiStatus": l.status(c.now), "referenceId": l.reference}), nil
		}
	}
	return nil, notFound("the user has no UPI link with this reference")
}

// fetchUPIs lists every link, failed ones included, each with its status (provider 3.7).
func (s *Server) fetchUPIs(c *call) (any, error) {
	var items []upiItem
	for _, l := range c.user.upis {
		items = append(items, upiItem{l.id, l.name, l.status(c.now), l.reference, l.reason(c.now)})
	}
	return linked(c.user, items, upiNotFound)
}

type upiItem struct {
	UPIID       string `json:"upiId"`
	Name        string `json:"name"`
	Status      string `json:"status"`
	ReferenceID string `json:"referenceId"`
	Reason      string `json:"reason"`
}
