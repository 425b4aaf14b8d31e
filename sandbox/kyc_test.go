package sandbox_test

import (
	"bytes"
	"crypto/rand"
	"mime/multipart"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
	"rampart/sandbox"
)

// dossier is a form: text fields and, with the prefix "file:", files.
type dossier map[string]string

func seal(t *testing.T, plaintext string) string {
	t.Helper()
	sealed, err := onmeta.EncryptKYCField(onmeta.Secret(sandbox.DefaultKYCSecret), plaintext, rand.Reader)
	require.NoError(t, err)
	return sealed
}

func goodDossier(t *testing.T, email string) dossier {
	t.Helper()
	return dossier{
		"email": email, "incomeRange": "<10L", "profession": "engineer",
		"firstName": seal(t, "Asha"), "lastName": seal(t, "Rao"),
		"panNumber": seal(t, "ABCPE1234F"), "aadharNumber": seal(t, "123412341234"),
		"file:selfie": "s", "file:aadharFront": "f", "file:aadharBack": "b", "file:panFront": "p", "file:panBack": "q",
	}
}

func nriDossier(email string) dossier {
	return dossier{
		"name": "Asha Rao", "email": email, "dob": "01/02/1990", "address[pin]": "560001", "address[state]": "KA",
		"address[city]": "Bengaluru", "address[locality]": "MG Road",
		"documents[0].docName": "passport", "documents[0].docNumber": "X1234567", "file:documents[0].docFile": "d",
	}
}

// with copies a dossier and sets one member; an empty value removes it.
func (d dossier) with(name, value string) dossier {
	changed := dossier{}
	for k, v := range d {
		changed[k] = v
	}
	if changed[name] = value; value == "" {
		delete(changed, name)
	}
	return changed
}

func (c *customer) upload(path string, d dossier) reply {
	c.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range d {
		var err error
		if file, isFile := bytes.CutPrefix([]byte(name), []byte("file:")); isFile {
			part, createErr := form.CreateFormFile(string(file), "photo.jpg")
			require.NoError(c.t, createErr)
			_, err = part.Write([]byte(value))
		} else {
			err = form.WriteField(name, value)
		}
		require.NoError(c.t, err)
	}
	require.NoError(c.t, form.Close())
	headers := c.headers()
	headers["Content-Type"] = form.FormDataContentType()
	return c.send(http.MethodPost, path, body.Bytes(), headers)
}

func (c *customer) uploadKYC(d dossier) reply {
	c.t.Helper()
	return c.upload("/v1/users/upload/kyc", d)
}

func (c *customer) kycVerified() string {
	c.t.Helper()
	return c.post("/v1/users/kyc-status", object{"email": c.email}).ok().str("data.isKycVerified")
}

func TestPlainUserIsVerified(t *testing.T) {
	t.Parallel()
	require.Equal(t, "true", start(t).login("asha@example.test").kycVerified())
}

func TestUploadVerifiesAUserWithoutKYC(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	require.Equal(t, "false", c.kycVerified())
	r := c.uploadKYC(goodDossier(t, c.email)).ok()
	require.JSONEq(t, `{"success":true,"error":{}}`, r.text)
	require.Equal(t, "true", c.kycVerified())
}

func TestManualReviewTakesSixHoursFromTheFirstUpload(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+review@example.test")
	c.uploadKYC(goodDossier(t, c.email)).ok()
	c.clock.Advance(3 * time.Hour)
	c.renew()
	c.uploadKYC(goodDossier(t, c.email)).ok()
	c.clock.Advance(3*time.Hour - time.Second)
	c.renew()
	require.Equal(t, "false", c.kycVerified())
	c.clock.Advance(time.Second)
	require.Equal(t, "true", c.kycVerified())
}

func TestFirstUploadOfARefusedUserIsRefused(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+kycrefused@example.test")
	refused := c.uploadKYC(goodDossier(t, c.email))
	require.Equal(t, http.StatusBadRequest, refused.status)
	require.JSONEq(t, `{"success":false,"error":{"message":"Invalid request"}}`, refused.text)
	require.Equal(t, "false", c.kycVerified())
	c.uploadKYC(goodDossier(t, c.email)).ok()
	require.Equal(t, "true", c.kycVerified())
}

func TestNeverVerifiedUserStaysUnverified(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+neververified@example.test")
	c.uploadKYC(goodDossier(t, c.email)).ok()
	c.clock.Advance(30 * 24 * time.Hour)
	c.renew()
	require.Equal(t, "false", c.kycVerified())
}

func (r reply) refusedUpload(message string) {
	r.t.Helper()
	require.Equal(r.t, http.StatusBadRequest, r.status, r.text)
	require.JSONEq(r.t, `{"success":false,"error":{"message":"`+message+`"}}`, r.text)
}

func TestUploadIsRefusedLaterInReviewAndTheNextOneVerifies(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+reviewrefused@example.test")
	c.uploadKYC(goodDossier(t, c.email)).ok()
	c.clock.Advance(24 * time.Hour)
	c.renew()
	require.Equal(t, "false", c.kycVerified())
	c.uploadKYC(goodDossier(t, c.email)).ok()
	require.Equal(t, "true", c.kycVerified())
}

func TestTooManyRefusedUploadsLockTheUserOutForAnHour(t *testing.T) {
	t.Parallel()
	const locked = "Too many failed attempts, please try after an hour!"
	for tag, before := range map[string]int{"kycfails": 3, "kyclocked": 0} {
		c := start(t).login("asha+" + tag + "@example.test")
		for range before {
			c.uploadKYC(goodDossier(t, c.email)).refusedUpload("Invalid request")
		}
		c.uploadKYC(goodDossier(t, c.email)).refusedUpload(locked)
		c.clock.Advance(time.Hour - time.Second)
		c.uploadKYC(goodDossier(t, c.email)).refusedUpload(locked)
		require.Equal(t, "false", c.kycVerified())
		c.clock.Advance(time.Second)
		c.renew()
		c.uploadKYC(goodDossier(t, c.email)).ok()
		require.Equal(t, "true", c.kycVerified())
	}
}

func TestUploadOfAVerifiedUserIsRefused(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+verifiedelsewhere@example.test")
	require.Equal(t, "false", c.kycVerified())
	c.clock.Advance(10 * time.Minute)
	c.uploadKYC(goodDossier(t, c.email)).refusedUpload("KYC already verified")
	require.Equal(t, "true", c.kycVerified())
}

func TestUploadIsValidatedStrictly(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	good := goodDossier(t, c.email)
	otherSecret, err := onmeta.EncryptKYCField("another secret", "Asha", rand.Reader)
	require.NoError(t, err)
	for name, bad := range map[string]dossier{
		"e-mail of another user":    good.with("email", "other@example.test"),
		"first name in clear":       good.with("firstName", "Asha"),
		"encrypted otherwise":       good.with("firstName", otherSecret),
		"blank last name":           good.with("lastName", seal(t, " ")),
		"malformed PAN":             good.with("panNumber", seal(t, "ABC")),
		"malformed Aadhaar":         good.with("aadharNumber", seal(t, "1234")),
		"undocumented income range": good.with("incomeRange", "10L"),
		"no profession":             good.with("profession", ""),
		"no selfie":                 good.with("file:selfie", ""),
		"misspelled file":           good.with("file:aadharFront", "").with("file:aadhaarFront", "f"),
		"undocumented field":        good.with("dob", "01/02/1990"),
		"undocumented file":         good.with("file:passport", "p"),
		"file sent as text":         good.with("file:selfie", "").with("selfie", "s"),
	} {
		t.Run(name, func(t *testing.T) {
			r := c.uploadKYC(bad)
			require.Equal(t, http.StatusBadRequest, r.status)
			require.JSONEq(t, `{"success":false,"error":{"message":"Invalid request"}}`, r.text)
		})
	}
	require.Equal(t, "false", c.kycVerified())
	c.uploadKYC(good.with("incomeRange", "< 10 L")).ok()
}

func TestUploadMustBeAMultipartForm(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	require.Equal(t, http.StatusBadRequest, c.post("/v1/users/upload/kyc", object{"email": c.email}).status)
	headers := c.headers()
	headers["Content-Type"] = "multipart/form-data; boundary=x"
	require.Equal(t, http.StatusBadRequest, c.send(http.MethodPost, "/v1/users/upload/kyc", []byte("no form"), headers).status)
}

func TestKYCStatusRefusesAnotherUsersEmail(t *testing.T) {
	t.Parallel()
	r := start(t).login("asha@example.test").post("/v1/users/kyc-status", object{"email": "other@example.test"})
	require.Equal(t, http.StatusBadRequest, r.status)
	require.JSONEq(t, `{"success":false,"data":{},"error":{"message":"Invalid request"}}`, r.text)
}

func TestKYCStatusIsAlsoServedByGET(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha@example.test")
	r := c.send(http.MethodGet, "/v1/users/kyc-status", encode(t, object{"email": c.email}), c.headers())
	require.Equal(t, "true", r.ok().str("data.isKycVerified"))
}

func TestNRIUploadVerifiesOnceAndRefusesInItsOwnShape(t *testing.T) {
	t.Parallel()
	c := start(t).login("asha+nokyc@example.test")
	const path = "/v1/users/nri/kyc"
	bad := `{"success":false,"error":{"code":400,"data":{"message":"Bad Request"}}}`
	require.JSONEq(t, bad, c.upload(path, nriDossier(c.email).with("dob", "1990-02-01")).text)
	require.JSONEq(t, bad, c.upload(path, nriDossier(c.email).with("name", "")).text)
	require.JSONEq(t, bad, c.post(path, object{}).text)
	require.Equal(t, "successfully uploaded kyc documents", c.upload(path, nriDossier(c.email)).ok().str("data.message"))
	require.Equal(t, "true", c.kycVerified())
	again := c.upload(path, nriDossier(c.email))
	require.Equal(t, http.StatusConflict, again.status)
	require.JSONEq(t, `{"success":false,"error":{"code":409,"data":{"message":"Kyc has already been completed for this customer"}}}`, again.text)
}
