package onmeta

import (
	"cmp"
	"context"
	"strings"
	"time"

	"rampart/internal/redact"
)

// LinkStatus is the outcome of linking an account, in upper case.
type LinkStatus string

// The link statuses (provider 3.8). Treat another one as pending.
const (
	LinkSuccess LinkStatus = "SUCCESS"
	LinkPending LinkStatus = "PENDING"
	// LinkFailed: wrong details, or the account's name is not the KYC name. It comes with HTTP 200.
	LinkFailed LinkStatus = "FAILED"
)

func linkStatus(t text) LinkStatus { return LinkStatus(strings.ToUpper(string(status(t)))) }

// BankAccount is a bank account that a user linked or tried to link (provider 3.6).
type BankAccount struct {
	// AccountNumber is masked to its last four digits, such as XXXX4821, the form that an off-ramp order requires.
	AccountNumber redact.Account
	AccountName   redact.Personal
	IFSC          redact.Personal
	Reference     string
	Status        LinkStatus
	// Reason explains a failure.
	Reason string
	// VerificationName is the name that the bank returned.
	VerificationName redact.Personal
	// CreatedAt and UpdatedAt are UTC, zero when unknown.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// BankAccounts lists the user's bank accounts, in the provider's order, whatever their status.
func (c *Client) BankAccounts(ctx context.Context, user User) ([]BankAccount, error) {
	wire, _, err := ask[list[wireBankAccount]](ctx, c, user.call(RouteBankAccounts), nil)
	if err != nil {
		return nil, err
	}
	accounts := make([]BankAccount, 0, len(wire))
	for _, w := range wire {
		accounts = append(accounts, w.account(user))
	}
	return accounts, nil
}

type wireBankAccount struct {
	AccountNumber    text      `json:"accountNumber"`
	AccountName      text      `json:"accountName"`
	IFSC             text      `json:"ifsc"`
	Status           text      `json:"status"`
	Reason           text      `json:"reason"`
	VerificationName text      `json:"verificationName"`
	CreatedAt        timestamp `json:"created_at"`
	UpdatedAt        timestamp `json:"updated_at"`
	wireReference
}

func (w wireBankAccount) account(user User) BankAccount {
	return BankAccount{
		AccountNumber:    redact.Account(w.AccountNumber),
		AccountName:      redact.Personal(w.AccountName),
		IFSC:             redact.Personal(w.IFSC),
		Reference:        w.reference(),
		Status:           linkStatus(w.Status),
		Reason:           reason(w.Reason, user.personal(w.AccountName, w.VerificationName, w.AccountNumber)...),
		VerificationName: redact.Personal(w.VerificationName),
		CreatedAt:        w.CreatedAt.Time,
		UpdatedAt:        w.UpdatedAt.Time,
	}
}

// wireReference is the same value under its two names (provider 3.9). A value that is not an id counts as missing: the link is also in
// the list of the user's accounts.
type wireReference struct {
	ReferenceNumber text `json:"referenceNumber"`
	ReferenceID     text `json:"referenceId"`
}

func (w wireReference) reference() string {
	return identifier(cmp.Or(w.ReferenceNumber, w.ReferenceID))
}

// UPIID is a UPI id (VPA) that a user linked or tried to link (provider 3.7).
type UPIID struct {
	ID        redact.VPA
	Name      redact.Personal
	Reference string
	Status    LinkStatus
	// Reason explains a failure.
	Reason string
}

// UPIIDs lists the user's UPI ids, in the provider's order, whatever their status.
func (c *Client) UPIIDs(ctx context.Context, user User) ([]UPIID, error) {
	wire, _, err := ask[list[wireUPIID]](ctx, c, user.call(RouteUPIIDs), nil)
	if err != nil {
		return nil, err
	}
	ids := make([]UPIID, 0, len(wire))
	for _, w := range wire {
		ids = append(ids, UPIID{
			ID:        redact.VPA(w.UPIID),
			Name:      redact.Personal(w.Name),
			Reference: w.reference(),
			Status:    linkStatus(w.Status),
			Reason:    reason(w.Reason, user.personal(w.UPIID, w.Name)...),
		})
	}
	return ids, nil
}

type wireUPIID struct {
	UPIID  text `json:"upiId"`
	Name   text `json:"name"`
	Status text `json:"status"`
	Reason text `json:"reason"`
	wireReference
}

// Link is the state of linking an account.
type Link struct {
	// Reference is the argument of BankLinkStatus and UPILinkStatus.
	Reference string
	Status    LinkStatus
	// Reason explains a failure, if the provider gives one.
	Reason string
}

// LinkBankRequest is the bank account to link. Its holder must be the person of the KYC (guide).
type LinkBankRequest struct {
	// Name is the user's name as the bank knows it.
	Name        redact.Personal
	PAN         redact.Personal
	AccountName redact.Personal
	// AccountNumber is the full number.
	AccountNumber redact.Account
	IFSC          redact.Personal
}

// LinkBank links a bank account. The provider refuses a linked account with HTTP 406 (provider 3.8).
func (c *Client) LinkBank(ctx context.Context, user User, request LinkBankRequest) (Link, error) {
	name, pan, accountName, accountNumber := string(request.Name), string(request.PAN), string(request.AccountName), string(request.AccountNumber)
	err := require(RouteLinkBank,
		field{"name", name}, field{"PAN", pan}, field{"account name", accountName},
		field{"account number", accountNumber}, field{"IFSC", string(request.IFSC)})
	if err != nil {
		return Link{}, err
	}
	body := wireLinkBank{
		Name: request.Name, PANNumber: request.PAN, Email: user.Email, KYCVerified: true,
		BankDetails: wirePayer{
			AccountNumber: request.AccountNumber, AccountName: request.AccountName, IFSC: request.IFSC,
		},
	}
	return c.link(ctx, user.call(RouteLinkBank), body, name, pan, accountName, accountNumber)
}

type wireLinkBank struct {
	Name        redact.Personal `json:"name"`
	PANNumber   redact.Personal `json:"panNumber"`
	Email       redact.Email    `json:"email"`
	KYCVerified bool            `json:"kycVerfied"` // The provider's spelling.
	BankDetails wirePayer       `json:"bankDetails"`
}

type wirePayer struct {
	AccountName   redact.Personal `json:"accountName"`
	AccountNumber redact.Account  `json:"accountNumber"`
	IFSC          redact.Personal `json:"ifsc"`
}

// BankLinkStatus fetches the state of a bank link (provider 3.9).
func (c *Client) BankLinkStatus(ctx context.Context, user User, reference string) (Link, error) {
	return c.linkStatus(ctx, user.call(RouteBankLinkStatus), reference)
}

// LinkUPIRequest is the UPI id to link. Its holder must be the person of the KYC (guide).
type LinkUPIRequest struct {
	Name  redact.Personal
	UPIID redact.VPA
}

// LinkUPI links a UPI id (provider 3.10).
func (c *Client) LinkUPI(ctx context.Context, user User, request LinkUPIRequest) (Link, error) {
	name, vpa := string(request.Name), string(request.UPIID)
	err := require(RouteLinkUPI, field{"name", name}, field{"UPI id", vpa})
	if err != nil {
		return Link{}, err
	}
	body := map[string]string{"name": name, "email": string(user.Email), "upiId": vpa}
	return c.link(ctx, user.call(RouteLinkUPI), body, name, vpa)
}

// UPILinkStatus fetches the state of a UPI link (provider 3.11).
func (c *Client) UPILinkStatus(ctx context.Context, user User, reference string) (Link, error) {
	return c.linkStatus(ctx, user.call(RouteUPILinkStatus), reference)
}

func (c *Client) linkStatus(ctx context.Context, call Call, reference string) (Link, error) {
	if err := require(call.Route, field{"reference", reference}); err != nil {
		return Link{}, err
	}
	call.Param = reference
	return c.link(ctx, call, nil)
}

type wireLink struct {
	Status     text `json:"status"`
	BankStatus text `json:"bankStatus"`
	UPIStatus  text `json:"upiStatus"`
	Reason     text `json:"reason"`
	wireReference
}

func (c *Client) link(ctx context.Context, call Call, body any, personal ...string) (Link, error) {
	wire, answer, err := ask[wireLink](ctx, c, call, body, personal...)
	if err != nil {
		return Link{}, err
	}
	var check checks
	status := cmp.Or(wire.Status, wire.BankStatus, wire.UPIStatus)
	check.text("status", status)
	link := Link{
		Reference: cmp.Or(wire.reference(), call.Param),
		Status:    linkStatus(status),
		Reason:    reason(wire.Reason, append(personal, string(call.User), string(call.Name))...),
	}
	return whole(link, check.err(call.Route, answer))
}
