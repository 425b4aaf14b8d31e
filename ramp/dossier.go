package ramp

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

const maxDossier = 1024

// ValidateDossier checks the URL of a KYC dossier, the prefix of a blob store that holds dossier.json and its files:
// file:///path, s3://bucket/prefix, gs://bucket/prefix or azblob://container/prefix, at most 1024 characters. Its path
// contains no ".", "..", empty name, backslash or control character, percent-encoded or not. It has no
// credentials and no parameters: it is kept in the order's history, and the worker has the credentials of its stores. Each worker is
// configured with the stores that it reads.
//
// The error says what is valid and does not contain the URL.
func ValidateDossier(dossier string) error {
	if !only(dossier, 1, maxDossier, isVisible) {
		return errors.New("must be a URL of at most 1024 ASCII characters, without spaces")
	}
	location, err := url.Parse(dossier)
	switch {
	case err != nil || !strings.HasPrefix(dossier, location.Scheme+"://") || !isBlobPrefix(location):
		return errors.New("must be the URL of a prefix in a blob store: file:///path, s3://bucket/prefix, " +
			"gs://bucket/prefix or azblob://container/prefix")
	case location.User != nil || location.RawQuery != "" || location.ForceQuery:
		return errors.New("must not carry credentials or parameters: the worker brings its own")
	case !isPlainPath(location):
		return errors.New(`must name its prefix plainly: without ".", "..", empty names, backslashes, control characters or an encoded "/"`)
	default:
		return nil
	}
}

// isBlobPrefix reports whether a URL has the form that its blob store needs. A relative file would depend on where
// the worker was started, and a fragment would be lost.
func isBlobPrefix(location *url.URL) bool {
	if location.Fragment != "" || location.Opaque != "" {
		return false
	}
	switch location.Scheme {
	case "file":
		return location.Host == "" && len(location.Path) > 1
	case "s3", "gs", "azblob":
		return only(location.Host, 1, maxDossier, isNameByte)
	default:
		return false
	}
}

// isPlainPath reports whether a path has one meaning, for file systems and blob stores alike.
func isPlainPath(location *url.URL) bool {
	if strings.Contains(strings.ToLower(location.EscapedPath()), "%2f") || strings.ContainsFunc(location.Path, isUnsafe) {
		return false
	}
	path := strings.TrimSuffix(strings.TrimPrefix(location.Path, "/"), "/")
	return path == "" || !slices.ContainsFunc(strings.Split(path, "/"), isUnsafeName)
}

func isUnsafe(r rune) bool { return r < ' ' || r == '\\' || r == '\x7f' }

func isUnsafeName(segment string) bool { return segment == "" || segment == "." || segment == ".." }
