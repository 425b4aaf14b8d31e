package ramp_test

import (
	"strings"
	"testing"

	"rampart/ramp"
)

func TestDossierIsAPrefixInABlobStore(t *testing.T) {
	t.Parallel()
	requireTaken(t, ramp.ValidateDossier,
		"file:///var/lib/rampart/kyc/asha", "s3://kyc/asha", "s3://kyc/asha?region=ap-south-1", "s3://kyc", "gs://kyc/users/asha/",
		"azblob://kyc/asha?storage_account=rampart", "file:///kyc/a%20b", "file:///kyc/a..b")
	requireAllRefused(t, ramp.ValidateDossier, "a prefix in a blob store",
		"/var/lib/rampart/kyc/asha", "kyc/asha", "file:", "file://", "file:///", "file:kyc/asha", "file://var/lib/rampart/kyc", "s3:///asha",
		"s3:kyc/asha", "https://example.test/kyc/asha", "mem://kyc", "javascript:alert(1)", "s3://kyc/%zz", "://kyc", "s3://kyc/asha#1")
	requireAllRefused(t, ramp.ValidateDossier, "at most 1024 characters, without spaces",
		"", " ", "file:///kyc/asha rao", "file:///kyc/asha\n", "s3://kyc/é", "s3://kyc/"+strings.Repeat("a", 1024))
	requireAllRefused(t, ramp.ValidateDossier, "must not climb",
		"file:///kyc/../etc", "file:///kyc/..", "s3://kyc/../other", "file:///kyc/%2e%2e/etc")
}

func TestDossierWithCredentialsIsRefused(t *testing.T) {
	t.Parallel()
	requireAllRefused(t, ramp.ValidateDossier, "must not carry credentials",
		"s3://key:hunter2@kyc/asha", "s3://key@kyc/asha", "s3://kyc/asha?region=x&X-Amz-Signature=hunter2",
		"s3://kyc/asha?X-Amz-Security-Token=hunter2", "azblob://kyc/asha?sv=1&sig=hunter2", "gs://kyc/asha?password=hunter2",
		"s3://kyc/asha?AccessKeyId=hunter2", "s3://kyc/asha?client_secret=hunter2")
}
