package sandbox

import (
	"errors"
	"net/mail"
	"strings"
	"time"

	"rampart/sandbox/ledger"
)

// maxEmail is the maximum length of an e-mail address.
const maxEmail = 254

// user is a customer of the merchant.
type user struct {
	id        string
	email     string
	createdAt time.Time
	name      string // the KYC name; empty while unknown
	phone     phone
	kyc       kycRecord
	banks     []*bankLink
	upis      []*upiLink
	orders    []*order // oldest first
	// revoked is the serial of the last token that is no longer accepted.
	revoked int64
	// listed is whether a webhook tells that the user was verified, once that is so.
	listed bool
}

type phone struct {
	countryCode string
	number      string
}

type bankDetails struct {
	AccountNumber string `json:"accountNumber"`
	AccountName   string `json:"accountName"`
	IFSC          string `json:"ifsc"`
	BranchAddress string `json:"branchAddress"`
}

// login signs a user in by e-mail alone and creates the user on first use (provider 3.1).
func (s *Server) login(c *call) (any, error) {
	var email string
	err := c.read(func(o *object) { email = o.text("email") })
	if err != nil {
		return nil, err
	}
	u, err := s.userFor(email, c.now)
	if err != nil {
		return nil, err
	}
	session, err := s.openSession(u, c.now)
	if err != nil {
		return nil, err
	}
	s.journal.Add(ledger.Event{At: c.now, Kind: ledger.EventLogin, Email: u.email})
	return answer(session), nil
}

type session struct {
	AccessToken  string       `json:"accessToken"`
	RefreshToken string       `json:"refreshToken"`
	BankDetails  *bankDetails `json:"bankDetails,omitempty"`
	PANNumber    string       `json:"panNumber"`
}

func (s *Server) openSession(u *user, now time.Time) (session, error) {
	access, err := s.mint(u, accessToken, now)
	if err != nil {
		return session{}, err
	}
	refresh, err := s.mint(u, refreshToken, now)
	if err != nil {
		return session{}, err
	}
	return session{AccessToken: access, RefreshToken: refresh, BankDetails: u.lastBank(now)}, nil
}

// userFor returns the user with the e-mail, compared exactly (provider 3.1), or creates one.
func (s *Server) userFor(email string, now time.Time) (*user, error) {
	if u, ok := s.store.users[email]; ok {
		return u, nil
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxEmail {
		return nil, errors.New("email must be an e-mail address")
	}
	u := s.newUser(email, now)
	s.store.users[email], s.store.usersByID[u.id] = u, u
	s.store.userOrder = append(s.store.userOrder, u)
	s.listUser(u, now)
	return u, nil
}

// newUser creates a user by the tags of the e-mail; see MagicTable.
func (s *Server) newUser(email string, now time.Time) *user {
	tags := tagsOf(email)
	u := &user{id: s.store.objectID(now), email: email, createdAt: now, kyc: newKYC(tags, now),
		phone: phone{countryCode: "+91", number: "9000000000"}}
	if tags[tagLinked] {
		u.name = linkedName
		s.addBank(u, bankForm{name: linkedName, holder: linkedName, number: linkedAccount, ifsc: linkedIFSC}, now)
		s.addUPI(u, upiForm{name: linkedName, id: linkedUPI}, now)
	}
	return u
}

// tagsOf returns the tags, separated by plus signs, before the @.
func tagsOf(email string) map[string]bool {
	local, _, _ := strings.Cut(email, "@")
	tags := map[string]bool{}
	for _, tag := range strings.Split(local, "+")[1:] {
		tags[tag] = true
	}
	return tags
}

// requireOwn refuses a request that names another user than the one signed in.
func (c *call) requireOwn(email string) error {
	if email != c.user.email {
		return errors.New("email must be the one that the access token belongs to")
	}
	return nil
}
