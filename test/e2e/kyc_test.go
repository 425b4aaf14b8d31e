package e2e_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rampart/ramp"
)

// dossier returns the files of a user's KYC dossier. The pictures consist of their first bytes.
func dossier(email string) map[string]string {
	const jpeg = "\xff\xd8\xff\xe0"
	return map[string]string{
		"dossier.json": `{"email":"` + email + `","firstName":"Asha","lastName":"Rao","pan":"ABCPE1234F","aadhaar":"999941057058","incomeRange":"<10L",
			"profession":"engineer","selfie":"selfie.jpg","aadhaarFront":"front.jpg","aadhaarBack":"back.jpg",
			"panFront":"pan-front.jpg","panBack":"pan-back.jpg"}`,
		"selfie.jpg": jpeg + "selfie", "front.jpg": jpeg + "front", "back.jpg": jpeg + "back",
		"pan-front.jpg": jpeg + "pan front", "pan-back.jpg": jpeg + "pan back",
	}
}

func writeDossier(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	return "file://" + dir
}

// unverified returns a request of a user without KYC at the provider.
func unverified(reference, tag string) ramp.OnrampRequest {
	request := onrampRequest(reference)
	request.Email = ramp.Email("asha+" + tag + "@example.test")
	return request
}

func TestKYCDossierIsUploadedAndItsContentsStayOutOfHistory(t *testing.T) {
	t.Parallel()
	s := newStack(t, 60)
	request := unverified("kyc", "nokyc")
	request.KYC = &ramp.KYC{Dossier: ramp.Dossier(writeDossier(t, dossier(string(request.Email))))}

	order, err := s.Orders.StartOnramp(t.Context(), request)

	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, order.Status)
	stored, err := proto.Marshal(s.history(buy("kyc")))
	require.NoError(t, err)
	for _, secret := range []string{"ABCPE1234F", "999941057058", "engineer", "selfie"} {
		require.NotContains(t, string(stored), secret)
	}
}

func TestKYCDossierIsReadFromAnS3Bucket(t *testing.T) {
	t.Parallel()
	request := unverified("bucket", "nokyc")
	request.KYC = &ramp.KYC{Dossier: "s3://kyc/users/asha/"}
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("kyc"))
	for name, content := range dossier(string(request.Email)) {
		_, err := backend.PutObject("kyc", "users/asha/"+name, map[string]string{}, strings.NewReader(content), int64(len(content)), nil)
		require.NoError(t, err)
	}
	store := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(store.Close)
	s := newStack(t, 60, withEnvironment("AWS_ENDPOINT_URL="+store.URL, "AWS_S3_USE_PATH_STYLE=true", "AWS_REGION=ap-south-1",
		"AWS_ACCESS_KEY_ID=e2e", "AWS_SECRET_ACCESS_KEY=e2e", "AWS_EC2_METADATA_DISABLED=true"))

	order, err := s.Orders.StartOnramp(t.Context(), request)

	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, order.Status)
}

func TestUnverifiedUserIsAskedForADossierUntilOneIsAccepted(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360)
	const email = "asha+kycrefused@example.test"
	incomplete := dossier(email)
	delete(incomplete, "selfie.jpg")

	order, err := s.Orders.StartOnramp(t.Context(), unverified("asked", "kycrefused"))
	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingKYC, order.Status)
	_, err = s.Orders.SubmitKYC(t.Context(), buy("asked"), writeDossier(t, incomplete))
	require.True(t, ramp.IsError(err, ramp.KYCRefused), "%v", err)
	require.ErrorContains(t, err, "selfie")
	_, err = s.Orders.SubmitKYC(t.Context(), buy("asked"), writeDossier(t, dossier(email)))
	require.True(t, ramp.IsError(err, ramp.KYCRefused), "%v", err)
	_, err = s.Orders.SubmitKYC(t.Context(), buy("asked"), writeDossier(t, dossier(email)))
	require.NoError(t, err)

	s.awaitStatus(buy("asked"), completionTime, ramp.AwaitingPayment)
	_, err = s.Orders.SubmitKYC(t.Context(), buy("asked"), writeDossier(t, dossier(email)))
	require.True(t, ramp.IsError(err, ramp.NotAwaited), "%v", err)
}

func TestSecondOrderContinuesOnceTheFirstHasVerifiedTheUser(t *testing.T) {
	t.Parallel()
	s := newStack(t, 360)
	for _, reference := range []string{"first", "second"} {
		order, err := s.Orders.StartOnramp(t.Context(), unverified(reference, "nokyc"))
		require.NoError(t, err)
		require.Equal(t, ramp.AwaitingKYC, order.Status)
	}

	_, err := s.Orders.SubmitKYC(t.Context(), buy("first"), writeDossier(t, dossier(string(unverified("first", "nokyc").Email))))

	require.NoError(t, err)
	s.awaitStatus(buy("first"), completionTime, ramp.AwaitingPayment)
	s.awaitStatus(buy("second"), completionTime, ramp.AwaitingPayment)
	require.NotContains(t, activities(s.history(buy("second"))), "UploadKYC")
}

func TestOrderWaitsForTheManualKYCReview(t *testing.T) {
	t.Parallel()
	s := newStack(t, 600) // a review of six hours takes 36 seconds
	request := unverified("review", "review")
	request.KYC = &ramp.KYC{Dossier: ramp.Dossier(writeDossier(t, dossier(string(request.Email))))}

	order, err := s.Orders.StartOnramp(t.Context(), request)

	require.NoError(t, err)
	require.Equal(t, ramp.AwaitingPayment, order.Status)
	require.Contains(t, activities(s.history(buy("review"))), "WatchKYC")
}
