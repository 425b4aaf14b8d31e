package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

const (
	// triggerTime bounds a trigger.
	triggerTime = 10 * time.Second
	// maxTriggerAnswer bounds the answer to one.
	maxTriggerAnswer = 1 << 20
)

// newTrigger returns the command that moves an order on.
func newTrigger(getenv func(string) string) *cobra.Command {
	var url string
	var stay bool
	command := &cobra.Command{
		Use:   "trigger STATUS ORDER",
		Short: "Move an order of a running sandbox on to a status",
		Long: "Move an order of a running sandbox on to a status, as if the provider had: its payment is found where that needs one, and\n" +
			"webhooks are sent where the sandbox sends any. From there the order follows the rest of its course.\n\n" +
			"ORDER is the reference of an order, onramp/REFERENCE or offramp/REFERENCE where there are both, or the provider's id. The statuses:\n\n" +
			"  on-ramp    fiatReceived orderReceived InProgress transferred completed\n" +
			"             expired cancelled refundInitiated refunded\n" +
			"  off-ramp   pending orderReceived InProgress CryptoReceived fiatPending fiatFailed completed\n" +
			"             expired cancelled refundInitiated refunded\n" +
			"  KYC        kyc-verified kyc-rejected, with the user's e-mail in place of ORDER",
		Example: "  sandbox trigger completed inv-42\n" +
			"  sandbox trigger --stay fiatReceived onramp/inv-42\n" +
			"  sandbox trigger kyc-verified asha+nokyc@example.test",
		Args:          cobra.ExactArgs(2),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), triggerTime)
			defer cancel()
			url := firstNonEmpty(firstNonEmpty(url, getenv("SANDBOX_URL")), "http://127.0.0.1:8480")
			answer, err := trigger(ctx, url, args[0], args[1], stay)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), answer)
			return err
		},
	}
	command.Flags().StringVar(&url, "url", "", "address of the sandbox (default $SANDBOX_URL, or http://127.0.0.1:8480)")
	command.Flags().BoolVar(&stay, "stay", false, "leave the order in the status, until a proof or another trigger moves it on")
	return command
}

// trigger asks a running sandbox to move an order on, and returns a line about the result.
func trigger(ctx context.Context, url, status, of string, stay bool) (string, error) {
	body, err := json.Marshal(map[string]any{"status": status, "of": of, "stay": stay})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/sandbox/trigger", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("--url: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", fmt.Errorf("no sandbox answers at %s: start one, or name its address with --url (%w)", url, err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Error     string `json:"error"`
		Direction string `json:"direction"`
		ID        string `json:"id"`
		Reference string `json:"reference"`
		Status    string `json:"status"`
		Email     string `json:"email"`
		Verified  bool   `json:"kycVerified"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxTriggerAnswer)).Decode(&answer); err != nil {
		return "", fmt.Errorf("%s does not answer as a sandbox does: check --url", url)
	}
	switch {
	case answer.Error != "":
		return "", errors.New(answer.Error)
	case answer.ID != "":
		return fmt.Sprintf("%s order %s (%s) is %s", answer.Direction, firstNonEmpty(answer.Reference, "without a reference"), answer.ID, answer.Status), nil
	case answer.Verified:
		return "the user's KYC is verified", nil
	default:
		return "the user's KYC is not verified", nil
	}
}
