package ramp_test

import (
	"strings"
	"testing"

	"rampart/ramp"
)

func TestDossierIsAPrefixInABlobStore(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateDossier,
		"file:///var/lib/rampart/kyc/asha", "s3://kyc/asha", "s3://kyc", "s3://kyc/", "gs://kyc.example.test/users/asha/",
		"azblob://kyc/asha", "file:///kyc/a%20b", "file:///kyc/a..b", "file:///kyc/...", "file:///kyc/.asha", "s3://kyc/a%3Fb")
	requireAllRefused(t, ramp.ValidateDossier, "a prefix in a blob store",
		"/var/lib/rampart/kyc/asha", "kyc/asha", "file:", "file://", "file:///", "file:kyc/asha", "file://var/lib/rampart/kyc",
		"file://localhost/kyc/asha", "file://./kyc/asha", "s3:///asha", "s3:kyc/asha", "s3://kyc:80/asha", "s3://[::1]/asha",
		"https://example.test/kyc/asha", "mem://kyc", "javascript:alert(1)", "s3://kyc/%zz", "://kyc", "s3://kyc/asha#1")
	requireAllRefused(t, ramp.ValidateDossier, "at most 1024 ASCII characters, without spaces",
		"", " ", "file:///kyc/asha rao", "file:///kyc/asha\n", "file:///kyc/asha\x00", "s3://kyc/é", "s3://kyc/"+strings.Repeat("a", 1024))
}

func TestDossierWhosePathPlaysTricksIsRefused(t *testing.T) {
	t.Parallel()
	requireAllRefused(t, ramp.ValidateDossier, "must name its prefix plainly",
		"file:///kyc/../etc", "file:///kyc/..", "file:///kyc/../", "s3://kyc/../other", "file:///../etc",
		"file:///kyc/%2e%2e/etc", "file:///kyc/%2E./etc", "file:///kyc/.%2e", "file:///kyc/./asha", "file:///kyc/%2e",
		"file:///kyc%2fasha", "file:///kyc/..%2Fetc", "s3://kyc/asha%2F..%2Fother",
		`file:///kyc\..\etc`, "file:///kyc/..%5cetc", "file:///kyc/asha%00.jpg", "s3://kyc/asha%0d%0a", "file:///kyc/%7f",
		"file:////etc", "file:///kyc//asha", "s3://kyc//asha", "s3://kyc/asha//")
}

func TestDossierWithCredentialsOrParametersIsRefused(t *testing.T) {
	t.Parallel()
	requireAllRefused(t, ramp.ValidateDossier, "must not carry credentials or parameters",
		"s3://key:hunter2@kyc/asha", "s3://key@kyc/asha", "s3://kyc/asha?region=x&X-Amz-Signature=hunter2",
		"azblob://kyc/asha?sv=1&sig=hunter2", "gs://kyc/asha?access_id=hunter2",
		"s3://kyc/asha?endpoint=http://169.254.169.254", "s3://kyc/asha?region=ap-south-1", "s3://kyc/asha?awssdk=v2",
		"azblob://kyc/asha?storage_account=other", "azblob://kyc/asha?domain=example.test&localemu=true",
		"file:///kyc/asha?create_dir=true", "file:///kyc/asha?metadata=skip", "file:///kyc/asha?base_url=/&secret_key_path=/etc/passwd",
		"file:///kyc/asha?", "file://key@/kyc/asha")
}
