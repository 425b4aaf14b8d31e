package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func bankLink(email, number string) object {
	return object{
		"name": "Asha Rao", "panNumber": "ABCPE1234F", "email": email, "kycVerfied": true,
		"bankDetails": object{"accountNumber": number, "accountName": "Asha Rao", "ifsc": "HDFC0001234"},
	}
}

func upiLink(email, id string) object {
	return object{"name": "Asha Rao", "email": email, "upiId": id}
}

func (c *customer) linkBank(number string) reply {
	c.t.Helper()
	return c.post("/v1/users/account-link", bankLink(c.email, number))
}

func (c *customer) linkUPI(id string) reply {
	c.t.Helper()
	return c.post("/v1/users/upi-link", upiLink(c.email, id))
}

func TestNewUserHasNothingLinked(t *testing.T) {
	t.Parallel()
	p := start(t)
	c := p.login("asha@example.test")
	c.get("/v1/users/bank/fetch").refused(http.StatusNotFound, "Bank details are not found for the user")
	c.get("/v1/users/upi/fetch").refused(http.StatusNotFound, "UPI details are not found for the user")
	for tag, data := range map[string]string{"emptylist": "[]", "nulllist": "null"} {
		c := p.login("asha+" + tag + "@example.test")
		for _, path := range []string{"/v1/users/bank/fetch", "/v1/users/upi/fetch"} {
			require.JSONEq(t, `{"success":true,"message":"success","data":`+data+`}`, c.get(path).text)
		}
	}
}

func TestLinkedAccountsAreListedMasked(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	require.Equal(t, "SUCCESS", c.linkBank("50100000004821").ok().str("data.status"))
	require.Equal(t, "SUCCESS", c.linkUPI("asha@okbank").ok().str("data.status"))
	banks, upis := c.get("/v1/users/bank/fetch").ok(), c.get("/v1/users/upi/fetch").ok()
	require.Equal(t, "XXXX4821", banks.str("data.0.accountNumber"))
	require.Equal(t, "ASHA RAO", banks.str("data.0.verificationName"))
	require.NotContains(t, banks.text, "50100000004821")
	require.Equal(t, "asha@okbank", upis.str("data.0.upiId"))
}

// links describes the two kinds of links, which have different names throughout the provider's API.
type links struct {
	link      func(c *customer, id string) reply
	statusURL string
	status    string
	listURL   string
}

func bankLinks() links {
	return links{func(c *customer, id string) reply { return c.linkBank(id) },
		"/v1/users/get-bank-status/", "data.bankStatus", "/v1/users/bank/fetch"}
}

func upiLinks() links {
	return links{func(c *customer, id string) reply { return c.linkUPI(id) },
		"/v1/users/get-upi-status/", "data.upiStatus", "/v1/users/upi/fetch"}
}

func TestLinkingFollowsItsMagicValue(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		links
		id, first, last, reason string
	}{
		"bank at once":          {bankLinks(), "50100000004821", "SUCCESS", "SUCCESS", ""},
		"bank pending":          {bankLinks(), "50100000009001", "PENDING", "SUCCESS", ""},
		"bank failed":           {bankLinks(), "50100000009002", "FAILED", "FAILED", "account could not be verified"},
		"bank pending, failed":  {bankLinks(), "50100000009003", "PENDING", "FAILED", "account could not be verified"},
		"bank of another name":  {bankLinks(), "50100000009004", "FAILED", "FAILED", "name does not match the KYC name"},
		"UPI at once":           {upiLinks(), "asha@okbank", "SUCCESS", "SUCCESS", ""},
		"UPI pending":           {upiLinks(), "asha.pending@okbank", "PENDING", "SUCCESS", ""},
		"UPI failed":            {upiLinks(), "asha.failed@okbank", "FAILED", "FAILED", "account could not be verified"},
		"UPI pending, failed":   {upiLinks(), "asha.pendingfailed@okbank", "PENDING", "FAILED", "account could not be verified"},
		"UPI of another's name": {upiLinks(), "asha.mismatch@okbank", "FAILED", "FAILED", "name does not match the KYC name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t).login("asha@example.test")
			linked := tc.link(c, tc.id).ok()
			require.Equal(t, tc.first, linked.str("data.status"))
			url := tc.statusURL + linked.str("data.referenceNumber")
			c.clock.Advance(time.Minute - time.Second)
			require.Equal(t, tc.first, c.get(url).ok().str(tc.status))
			if tc.first == "PENDING" {
				require.Empty(t, c.get(tc.listURL).ok().str("data.0.reason"), "a failure shows once it has come")
			}
			c.clock.Advance(time.Second)
			settled := c.get(url).ok()
			require.Equal(t, tc.last, settled.str(tc.status))
			require.Equal(t, linked.str("data.referenceNumber"), settled.str("data.referenceId"))
			list := c.get(tc.listURL).ok()
			require.Equal(t, tc.last, list.str("data.0.status"))
			require.Equal(t, tc.reason, list.str("data.0.reason"))
		})
	}
}

func TestLinkedAccountCannotBeLinkedAgain(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	c.linkBank("50100000004821").refused(http.StatusNotAcceptable, "account already verified")
	c.linkUPI("asha@okbank").refused(http.StatusNotAcceptable, "account already verified")
}

func TestPendingLinkIsReturnedAgainAndAFailedOneIsRetried(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	for _, l := range []struct {
		links
		pending, failed string
	}{{bankLinks(), "50100000009001", "50100000009002"}, {upiLinks(), "a.pending@okbank", "a.failed@okbank"}} {
		first, again := l.link(c, l.pending).ok(), l.link(c, l.pending).ok()
		require.Equal(t, first.str("data.referenceNumber"), again.str("data.referenceNumber"))
		require.Equal(t, "PENDING", again.str("data.status"))
		failed, retried := l.link(c, l.failed).ok(), l.link(c, l.failed).ok()
		require.NotEqual(t, failed.str("data.referenceNumber"), retried.str("data.referenceNumber"))
		require.Len(t, c.get(l.listURL).ok().list("data"), 3)
	}
}

func TestPendingLinkWithoutAReferenceIsListed(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	for _, l := range []struct {
		links
		id string
	}{{bankLinks(), "50100000009005"}, {upiLinks(), "asha.pendingunnamed@okbank"}} {
		for range 2 {
			linking := l.link(c, l.id).ok()
			require.Equal(t, "PENDING", linking.str("data.status"))
			require.Nil(t, linking.at("data.referenceNumber"))
		}
		require.Equal(t, "PENDING", c.get(l.listURL).ok().str("data.0.status"))
		c.clock.Advance(time.Minute)
		require.Equal(t, "SUCCESS", c.get(l.listURL).ok().str("data.0.status"))
	}
}

func TestLinkingRequiresKYC(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	c.linkBank("50100000004821").refused(http.StatusBadRequest, "KYC not verified")
	c.linkUPI("asha@okbank").refused(http.StatusBadRequest, "KYC not verified")
	c.post("/v1/users/account-link", bankLink(c.email, "50100000004821").with("kycVerfied", false)).
		refused(http.StatusBadRequest, "KYC not verified")
}

func TestLinkedNameMustBeTheKYCName(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	c.uploadKYC(goodDossier(t, c.email).with("firstName", seal(t, "Asha Devi"))).ok()
	require.Equal(t, "FAILED", c.linkBank("50100000004821").ok().str("data.status"))
	require.Equal(t, "FAILED", c.linkUPI("asha@okbank").ok().str("data.status"))
	c.control("/sandbox/users", object{"email": c.email, "name": "ASHA RAO"})
	require.Equal(t, "SUCCESS", c.linkBank("50100000004821").ok().str("data.status"))
	require.Equal(t, "SUCCESS", c.linkUPI("asha@okbank").ok().str("data.status"))
}

func TestBankRefusesAnUnknownIFSCAndAnotherHolder(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	for reason, details := range map[string]object{
		"invalid IFSC":                     {"accountNumber": "50100000004821", "accountName": "Asha Rao", "ifsc": "HDFC1"},
		"name does not match the KYC name": {"accountNumber": "50100000004821", "accountName": "A Rao", "ifsc": "HDFC0001234"},
	} {
		link := bankLink(c.email, "").with("bankDetails", details)
		require.Equal(t, "FAILED", c.post("/v1/users/account-link", link).ok().str("data.status"))
		require.Contains(t, c.get("/v1/users/bank/fetch").text, reason)
	}
}

func TestUnknownVPAIsRefused(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	for _, id := range []string{"asha.unknown@okbank", "asha", "@okbank", "asha@", "as ha@okbank"} {
		c.linkUPI(id).refused(http.StatusBadRequest, "account not found for vpa")
	}
}

func TestLinkStatusOfAnotherUserIsNotFound(t *testing.T) {
	t.Parallel()
	p := start(t)
	a, b := p.login("asha@example.test"), p.login("other@example.test")
	bank, upi := a.linkBank("50100000004821").ok(), a.linkUPI("asha@okbank").ok()
	b.get("/v1/users/get-bank-status/"+bank.str("data.referenceNumber")).refused(http.StatusNotFound, "data not found")
	b.get("/v1/users/get-upi-status/"+upi.str("data.referenceNumber")).refused(http.StatusNotFound, "data not found")
}

func TestOrderShowsThePhoneOfTheLink(t *testing.T) {
	t.Parallel()
	c := start(t).login(linkedEmail)
	link := upiLink(c.email, "asha.two@okbank").with("phone", object{"countryCode": "+91", "number": "9811111111"})
	c.post("/v1/users/upi-link", link).ok()
	status := c.onrampStatus(c.createOnramp(onrampOrder("1000")))
	require.Equal(t, "9811111111", status.str("data.customer.phone.number"))
}
