package ramp

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

const maxDossier = 1024

// ValidateDossier checks the URL of a KYC dossier, the prefix of a blob store that holds dossier.json and its files:
// file:///path, s3://bucket/prefix, gs://bucket/prefix or azblob://container/prefix, at most 1024 characters, without
// "..". It ends up in the order's history, so that it must not carry credentials: the worker has its own.
//
// The error says what the URL must be and does not repeat it.
func ValidateDossier(dossier string) error {
	if !only(dossier, 1, maxDossier, isVisible) {
		return errors.New("must be a URL of at most 1024 characters, without spaces")
	}
	location, err := url.Parse(dossier)
	switch {
	case err != nil || !isBlobPrefix(location):
		return errors.New("must be the URL of a prefix in a blob store: file:///path, s3://bucket/prefix, " +
			"gs://bucket/prefix or azblob://container/prefix")
	case carriesCredentials(location):
		return errors.New("must not carry credentials: the worker brings its own")
	case slices.Contains(strings.Split(location.Path, "/"), ".."):
		return errors.New("must not climb out of its prefix")
	default:
		return nil
	}
}

// isBlobPrefix reports whether a URL has the form that its blob store needs. A relative file would depend on where
// the worker was started, and a fragment would be lost.
func isBlobPrefix(location *url.URL) bool {
	if location.Fragment != "" {
		return false
	}
	switch location.Scheme {
	case "file":
		return location.Host == "" && len(location.Path) > 1
	case "s3", "gs", "azblob":
		return location.Host != ""
	default:
		return false
	}
}

// carriesCredentials reports whether a URL has a user, or a parameter of the kind that signed URLs have.
func carriesCredentials(location *url.URL) bool {
	if location.User != nil {
		return true
	}
	for parameter := range strings.SplitSeq(strings.ToLower(location.RawQuery), "&") {
		name, _, _ := strings.Cut(parameter, "=")
		if isSecretName(name) {
			return true
		}
	}
	return false
}

func isSecretName(name string) bool {
	for _, word := range []string{"signature", "token", "secret", "password", "credential", "access_key", "accesskey"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return name == "sig"
}
