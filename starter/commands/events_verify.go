package commands

import (
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rampart/events/message"
	"rampart/internal/redact"
)

// secretFlags are the flags for the secret of an endpoint.
type secretFlags struct{ text, file string }

func (f *secretFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.text, "secret", "", "`secret` of the endpoint, as whsec_…; other users of this machine can see it")
	cmd.Flags().StringVar(&f.file, "secret-file", "", "`file` with the secret of the endpoint")
	cmd.MarkFlagsMutuallyExclusive("secret", "secret-file")
}

// read returns the secret, which is empty if neither flag is set.
func (f *secretFlags) read(cmd *cobra.Command) (redact.Secret, error) {
	text := f.text
	if f.file != "" {
		content, err := os.ReadFile(f.file)
		if err != nil {
			return "", &usageError{message: "cannot read --secret-file: " + err.Error()}
		}
		text = strings.TrimSpace(string(content))
	}
	secret := redact.Secret(text)
	if text == "" && f.file == "" {
		return "", nil
	}
	if err := message.ValidateSecret(secret); err != nil {
		return "", misused(cmd, err.Error())
	}
	return secret, nil
}

// verifyFlags are the parts of a request whose signature is checked.
type verifyFlags struct {
	secret                   secretFlags
	id, timestamp, signature string
	file                     string
	anyAge                   bool
}

// verifyResult is the result of the check as JSON.
type verifyResult struct {
	Valid  bool   `json:"valid"`
	Reason string `json:"reason,omitempty"`
}

// signatureError reports a signature that is not valid.
type signatureError struct{ reason error }

func (e *signatureError) Error() string { return "the signature is not valid: " + e.reason.Error() }

func (p *Program) eventsVerify() *cobra.Command {
	var flags verifyFlags
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check the signature of an event, and say why it is not valid",
		Long: "Check the signature of an event by Standard Webhooks, with the headers and the body of a request that a backend received, and say why it is\n" +
			"not valid. The body must have the same bytes: JSON that was parsed and written again is another body. The exit code is 0 if the\n" +
			"signature is valid.",
		Example: `  starter events verify --file body.json --secret-file shop.secret --id 0199-7-status_changed --timestamp 1764239400 --signature v1,K5o…
  starter events verify --any-age --secret-file shop.secret --id … --timestamp … --signature … < body.json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error { return p.verifyEvent(cmd, &flags) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&flags.file, "file", "-", "`file` with the body; - is standard input")
	f.StringVar(&flags.id, "id", "", "`value` of the header webhook-id")
	f.StringVar(&flags.timestamp, "timestamp", "", "`value` of the header webhook-timestamp")
	f.StringVar(&flags.signature, "signature", "", "`value` of the header webhook-signature")
	f.BoolVar(&flags.anyAge, "any-age", false, "accept a signature of any age, for a request of some time ago")
	flags.secret.register(cmd)
	return cmd
}

func (p *Program) verifyEvent(cmd *cobra.Command, flags *verifyFlags) error {
	secret, err := flags.secret.read(cmd)
	if err != nil {
		return err
	}
	if secret == "" {
		return misused(cmd, "--secret-file or --secret must be set")
	}
	body, err := p.read(flags.file)
	if err != nil {
		return err
	}
	header := http.Header{}
	header.Set(message.HeaderID, flags.id)
	header.Set(message.HeaderTimestamp, flags.timestamp)
	header.Set(message.HeaderSignature, flags.signature)
	reason := message.Verify(header, secret, body, flags.anyAge)
	if reason == nil {
		_, reason = message.Read(body)
	}
	return p.showVerified(reason)
}

func (p *Program) showVerified(reason error) error {
	if p.output.json {
		result := verifyResult{Valid: reason == nil}
		if reason != nil {
			result.Reason = reason.Error()
		}
		if err := writeJSON(p.Stdout, result); err != nil {
			return err
		}
	} else if reason == nil {
		p.screen().Line("The signature is valid.")
	}
	if reason != nil {
		return &signatureError{reason}
	}
	return nil
}
