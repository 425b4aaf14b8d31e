package onmeta_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rampart/onmeta"
)

const (
	bankReference = "1f0c1c0e-6a0e-4d0e-9f55-000000000001"
	upiReference  = "1f0c1c0e-6a0e-4d0e-9f55-000000000002"
)

func TestBankAccountsReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{ "success": true, "message": "success",
		"data": [ { "accountNumber": "XXXX4821", "accountName": "Asha Rao", "ifsc": "HDFC0001234",
			"referenceNumber": "`+bankReference+`", "transactionId": "1353203607",
			"tenantId": "650000000000000000000010", "status": "SUCCESS",
			"created_at": "2025-08-04T13:10:57.123Z", "updated_at": "malformed",
			"verificationName": "ASHA RAO", "reason": "" } ] }`)
	accounts, err := p.client(t).BankAccounts(t.Context(), asha)
	require.NoError(t, err)
	require.Equal(t, []onmeta.BankAccount{{
		AccountNumber: "XXXX4821", AccountName: "Asha Rao", IFSC: "HDFC0001234", Reference: bankReference,
		Status: onmeta.LinkSuccess, VerificationName: "ASHA RAO",
		CreatedAt: time.Date(2025, 8, 4, 13, 10, 57, 123_000_000, time.UTC),
	}}, accounts)
}

func TestUPIIDsReadsTheDocumentedAnswer(t *testing.T) {
	t.Parallel()
	p := answering(t, http.StatusOK, `{ "success": true, "message": "success",
		"data": [ { "upiId": "asha@okbank", "name": "Asha Rao", "status": "Failed",
			"referenceId": "`+upiReference+`", "reason": "name mismatch" } ] }`)
	ids, err := p.client(t).UPIIDs(t.Context(), asha)
	require.NoError(t, err)
	require.Equal(t, []onmeta.UPIID{{
		ID: "asha@okbank", Name: "Asha Rao", Reference: upiReference, Status: onmeta.LinkFailed, Reason: "name mismatch",
	}}, ids)
}

func TestNoLinkedAccountsIsAnEmptyList(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"success":true,"data":[]}`, `{"success":true,"data":null}`, `{"success":true,"message":"success"}`, `[]`,
	} {
		client := answering(t, http.StatusOK, body).client(t)
		accounts, err := client.BankAccounts(t.Context(), asha)
		require.NoError(t, err, body)
		require.Empty(t, accounts)
		ids, err := client.UPIIDs(t.Context(), asha)
		require.NoError(t, err, body)
		require.Empty(t, ids)
	}
}

func TestALinkedAccountsAnswerOfAnotherShapeIsMalformed(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"success":true,"data":"none"}`, `{"success":true,"data":[1]}`, `{"success":true,"data":{}}`} {
		client := answering(t, http.StatusOK, body).client(t)
		_, err := client.BankAccounts(t.Context(), asha)
		requireMalformed(t, err, "unexpected shape")
		_, err = client.UPIIDs(t.Context(), asha)
		requireMalformed(t, err, "unexpected shape")
	}
}

func TestLinkingReturnsStatusAndReference(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]onmeta.Link{
		`{"referenceNumber":"r1","status":"SUCCESS"}`:                         {Reference: "r1", Status: onmeta.LinkSuccess},
		`{"referenceId":"r2","status":"Pending"}`:                             {Reference: "r2", Status: onmeta.LinkPending},
		`{"referenceId":17,"status":"failed","reason":"ASHA RAO is not\nit"}`: {Reference: "17", Status: onmeta.LinkFailed, Reason: "[redacted] is not it"},
		`{"status":"Review"}`:                                                 {Status: "REVIEW"},
	} {
		client := success(t, data)
		link, err := client.LinkBank(t.Context(), asha, onmeta.LinkBankRequest{
			Name: "Asha Rao", PAN: "ABCPE1234F", AccountName: "Asha Rao", AccountNumber: "50100000004821", IFSC: "HDFC0001234",
		})
		require.NoError(t, err, data)
		require.Equal(t, want, link)
		link, err = client.LinkUPI(t.Context(), asha, onmeta.LinkUPIRequest{Name: "Asha Rao", UPIID: "asha@okbank"})
		require.NoError(t, err, data)
		require.Equal(t, want, link)
	}
}

func TestLinkStatusReadsTheDocumentedAnswers(t *testing.T) {
	t.Parallel()
	client := success(t, `{"bankStatus":"SUCCESS","transactionId":"1353203607","referenceId":"`+bankReference+`"}`)
	link, err := client.BankLinkStatus(t.Context(), asha, bankReference)
	require.NoError(t, err)
	require.Equal(t, onmeta.Link{Reference: bankReference, Status: onmeta.LinkSuccess}, link)

	link, err = success(t, `{"upiStatus":"PENDING"}`).UPILinkStatus(t.Context(), asha, upiReference)
	require.NoError(t, err)
	require.Equal(t, onmeta.Link{Reference: upiReference, Status: onmeta.LinkPending}, link)
}

func TestALinksStatusMeansTheSameInEverySpelling(t *testing.T) {
	t.Parallel()
	for spelled, want := range map[string]onmeta.LinkStatus{
		"Pending": onmeta.LinkPending, "pending": onmeta.LinkPending, "Success": onmeta.LinkSuccess, "success": onmeta.LinkSuccess,
		"Failed": onmeta.LinkFailed, "fAILED": onmeta.LinkFailed,
	} {
		for _, field := range []string{"status", "bankStatus", "upiStatus"} {
			link, err := success(t, `{"`+field+`":"`+spelled+`"}`).BankLinkStatus(t.Context(), asha, bankReference)
			require.NoError(t, err)
			require.Equal(t, want, link.Status, "%s %s", field, spelled)
		}
		banks, err := success(t, `[{"status":"`+spelled+`"}]`).BankAccounts(t.Context(), asha)
		require.NoError(t, err)
		require.Equal(t, want, banks[0].Status, spelled)
		ids, err := success(t, `[{"status":"`+spelled+`"}]`).UPIIDs(t.Context(), asha)
		require.NoError(t, err)
		require.Equal(t, want, ids[0].Status, spelled)
	}
}

func TestALinkWithoutAStatusIsMalformed(t *testing.T) {
	t.Parallel()
	_, err := success(t, `{"referenceNumber":"r1"}`).UPILinkStatus(t.Context(), asha, "r1")
	requireMalformed(t, err, "status is missing")
}
