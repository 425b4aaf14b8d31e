package e2e_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

// screenshots is where the pages are kept as pictures when somebody wants to look at them: make screenshots.
var screenshots = os.Getenv("RAMP_SCREENSHOTS")

// browser opens a page in headless Chromium.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, // CI runs as root
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1500, 1100),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("no-first-run", true),
	)
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*patience)
	t.Cleanup(cancel)
	return ctx
}

// hasText looks at the page and at the frames in which the Web UI shows Markdown.
const hasText = `text => [document, ...Array.from(document.querySelectorAll("iframe"), frame => frame.contentDocument)]
	.some(part => part && part.body && part.body.textContent.includes(text))`

// shows waits until the page has all of these texts, and keeps a picture of it, also where it has not.
func shows(t *testing.T, page context.Context, picture string, texts ...string) {
	t.Helper()
	defer keep(t, page, picture)
	for _, text := range texts {
		_, err := chromedp.Run(page, chromedp.PollFunction[bool](
			hasText,
			chromedp.WithPollingArgs(text), chromedp.WithPollingTimeout(patience), chromedp.WithPollingInterval(200*time.Millisecond)))
		require.NoError(t, err, "the page does not show %q:\n%s", text, pageText(page))
	}
}

func keep(t *testing.T, page context.Context, picture string) {
	t.Helper()
	if screenshots == "" || picture == "" {
		return
	}
	image, err := chromedp.Run(page, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(screenshots, picture+".png"), image, 0o644))
}

func pageText(page context.Context) string {
	text, err := chromedp.Run(page, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		return err.Error()
	}
	return text
}

func TestWebUIShowsOrdersAsASupportPersonNeedsThem(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30)
	s.startCodecServer()
	for _, reference := range []string{"inv-41", "inv-42"} {
		_, err := s.orders.StartOnramp(t.Context(), onrampRequest(reference))
		require.NoError(t, err)
	}
	_, err := s.orders.StartOfframp(t.Context(), offrampRequest("wd-7"))
	require.NoError(t, err)
	_, err = s.orders.SubmitUTR(t.Context(), "inv-42", utrOf(1))
	require.NoError(t, err)
	_, err = s.orders.SubmitTransactionHash(t.Context(), "wd-7", hashOf(1))
	require.NoError(t, err)
	s.awaitStatus(buy("inv-42"), settling, ramp.Completed)
	s.awaitStatus(sell("wd-7"), settling, ramp.Completed)
	page := browser(t)

	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.page(buy("inv-42")))))
	shows(t, page, "order-timeline", "Completed", "Descending", onrampRequest("").WalletAddress)
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.page(buy("inv-41"))+"/user-metadata")))
	shows(t, page, "order-metadata", "Buy USDC for ₹1000.00 · inv-41", "Waiting until the user pays")

	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.page(sell("wd-7"))+"/search-attributes")))
	shows(t, page, "order-search-attributes", "RampStatus", "completed", "RampOrderId")

	require.NoError(t, chromedp.Do(page, chromedp.Navigate(s.ui+"/namespaces/default/workflows")))
	shows(t, page, "orders", "onramp/inv-41", "onramp/inv-42", "offramp/wd-7")
}

// page is an order's page in the Web UI, whose addresses need the run.
func (s *stack) page(id ramp.ID) string {
	s.t.Helper()
	description, err := s.temporal.DescribeWorkflow(s.t.Context(), id.Direction.WorkflowID(id.Reference), "")
	require.NoError(s.t, err)
	return s.ui + "/namespaces/default/workflows/" + url.PathEscape(id.Direction.WorkflowID(id.Reference)) + "/" +
		description.WorkflowExecution.RunID
}

func TestWebUIShowsPayloadsOnlyThroughTheCodecServer(t *testing.T) {
	t.Parallel()
	s := newStack(t, 30)
	request := onrampRequest("sealed")
	_, err := s.orders.StartOnramp(t.Context(), request)
	require.NoError(t, err)
	personal := []string{request.Email, request.UPI.ID, request.UPI.Name}
	input := s.page(buy("sealed")) + "/timeline"
	desk := []string{s.page(buy("sealed")) + "/user-metadata", s.page(buy("sealed")) + "/search-attributes", s.ui + "/namespaces/default/workflows"}

	page := browser(t)
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(input)))
	shows(t, page, "order-sealed", "encryption-key-id", "onramp/sealed")
	requireHides(t, page, personal...)
	for _, address := range desk {
		require.NoError(t, chromedp.Do(page, chromedp.Navigate(address)))
		shows(t, page, "", "onramp/sealed")
		requireHides(t, page, personal...)
	}

	server := s.startCodecServer()
	page = browser(t)
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(input)))
	shows(t, page, "order-decoded", personal...)
	for _, address := range desk {
		require.NoError(t, chromedp.Do(page, chromedp.Navigate(address)))
		shows(t, page, "", "onramp/sealed")
		requireHides(t, page, personal...)
	}
	require.NoError(t, chromedp.Do(page, chromedp.Navigate(desk[0])))
	shows(t, page, "", "Buy USDC for ₹1000.00 · sealed", "Waiting until the user pays")
	requireHides(t, page, personal...)
	server.logged(`"workflows":["onramp/sealed"]`)
	log, err := os.ReadFile(server.log)
	require.NoError(t, err)
	for _, text := range personal {
		require.NotContains(t, string(log), text)
	}
}

func requireHides(t *testing.T, page context.Context, texts ...string) {
	t.Helper()
	for _, text := range texts {
		shown, err := chromedp.Run(page, chromedp.Evaluate[bool](fmt.Sprintf("(%s)(%q)", hasText, text)))
		require.NoError(t, err)
		require.False(t, shown, "the page shows %q:\n%s", text, pageText(page))
	}
}
