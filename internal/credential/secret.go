package credential

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rampart/internal/redact"
)

// maxFile bounds the size of a file with a credential, in bytes.
const maxFile = 1 << 20

// Secret returns a secret that the variable holds or, if a file is named by variable + "_FILE", that file, which is read again when it changes.
// It is empty if neither is given. check, which may be nil, says what is wrong with a secret.
func (s *Store) Secret(variable string, value redact.Secret, file string, check func(redact.Secret) error) (func() redact.Secret, error) {
	if value != "" && file != "" {
		return nil, fmt.Errorf("%s and %s_FILE must not both be set", variable, variable)
	}
	read := func() (Reading[redact.Secret], error) {
		return Reading[redact.Secret]{Value: value, Texts: []string{value.Reveal()}}, nil
	}
	if file != "" {
		variable += "_FILE"
		read = func() (Reading[redact.Secret], error) { return readSecret(variable, file, check) }
	} else if value != "" && check != nil {
		if err := check(value); err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
	}
	v, err := Open(s, variable, read, func(a, b redact.Secret) bool { return a == b })
	if err != nil {
		return nil, err
	}
	return v.Get, nil
}

func readSecret(variable, file string, check func(redact.Secret) error) (Reading[redact.Secret], error) {
	text, err := ReadText(variable, file)
	if err != nil {
		return Reading[redact.Secret]{}, err
	}
	if check != nil {
		if err := check(redact.Secret(text)); err != nil {
			return Reading[redact.Secret]{}, fmt.Errorf("%s: %s: %w", variable, file, err)
		}
	}
	return Reading[redact.Secret]{Value: redact.Secret(text), Texts: []string{text}}, nil
}

// ReadText returns the contents of the file that a variable names, without the white space around it. An empty file is an error.
func ReadText(variable, file string) (string, error) {
	opened, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	defer opened.Close()
	content, err := io.ReadAll(io.LimitReader(opened, maxFile+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", variable, err)
	case len(content) > maxFile:
		return "", fmt.Errorf("%s: %s is larger than 1 MiB", variable, file)
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		return "", fmt.Errorf("%s: %w", variable, errors.New(file+" is empty"))
	}
	return text, nil
}
