package commands

import (
	"fmt"
	"path/filepath"
	"strings"

	"rampart/codec"
	"rampart/starter/stack"
	"rampart/starter/stack/addresses"
)

// showStack prints how to use a stack. Every command works as it is printed, in a shell of the same directory.
func (p *Program) showStack(s *stack.Stack, bin string) {
	screen, guide := p.screen(), guideTo(p.Name, filepath.Join(bin, "sandbox"), s.Addresses)
	screen.Blank()
	screen.Linef("Everything is ready, and runs until you press Ctrl-C. Logs are in %s.", s.Addresses.Logs)
	screen.Linef("The gateway's token is %s, the secret of the events %s.", s.Addresses.Token, stack.DevEventsSecret)
	for _, step := range guide {
		screen.Blank()
		screen.Line(step.what)
		for _, line := range step.lines {
			screen.Line("  " + line)
		}
	}
}

// step is something to do with a stack: in words, and as the lines of a shell command.
type step struct {
	what  string
	lines []string
}

// guideTo returns an order's first steps by the addresses of a stack. program and sandbox are the paths of the starter and the sandbox.
func guideTo(program, sandbox string, at addresses.Addresses) []step {
	order := at.Gateway + "/v1/onramp/orders/inv-42"
	token := fmt.Sprintf("-H 'Authorization: Bearer %s'", at.Token)
	trigger, listen := sandbox+" trigger completed inv-42", program+" events listen --forward-to http://127.0.0.1:3000/hook"
	if at.Sandbox != usualSandbox {
		trigger += " --url " + at.Sandbox
	}
	if at.Events != usualEvents {
		listen += " --port " + strings.Trim(at.Events[strings.LastIndex(at.Events, ":")+1:], "/")
	}
	return []step{
		{"Start an order, and get what its user must pay:", []string{
			"curl -sS -X PUT " + order + " " + token + ` \`,
			"  -H 'Content-Type: application/json' -d '" + `{"email":"asha@example.test","walletAddress":"0x1111111111111111111111111111111111111111",`,
			`  "fiat":{"amount":"1000.00","currency":"INR"},"paymentMethod":"INR_UPI","upi":{"id":"asha@okbank","name":"Asha Rao"},`,
			`  "token":{"symbol":"USDC","address":"0x3c499c542cef5e3811e1192ce70d8cc03d5c3359","chainId":137}}'`,
		}},
		{"The user has paid: submit the UTR of the payment.", []string{
			"curl -sS -X POST " + order + "/utr " + token + ` \`,
			"  -H 'Content-Type: application/json' -d '" + `{"utr":"412345678901"}'`,
		}},
		{"Read the order:", []string{"curl -sS " + order + " " + token}},
		{"Or complete it by command, as if the user had paid:", []string{trigger}},
		{"Receive its events, and forward them to your backend:", []string{listen}},
		{"See all orders:", []string{variables(at) + program + " list"}},
	}
}

// Where a stack's parts are by default.
const (
	usualTemporal  = "127.0.0.1:7233"
	usualNamespace = "default"
	usualSandbox   = "http://127.0.0.1:8480"
	usualEvents    = "http://127.0.0.1:4242/"
	usualGateway   = "http://127.0.0.1:8088"
)

// variables returns the variables by which the starter finds a stack's orders; none for a stack that is where it is by default.
func variables(at addresses.Addresses) string {
	var set strings.Builder
	for _, v := range []struct{ name, value, usual string }{
		{"TEMPORAL_ADDRESS", at.Temporal, usualTemporal},
		{"TEMPORAL_NAMESPACE", at.Namespace, usualNamespace},
		{"RAMP_KEYSET_FILE", at.Keyset, usualKeyset()},
	} {
		if v.value != v.usual {
			set.WriteString(v.name + "='" + v.value + "' ")
		}
	}
	return set.String()
}

// StackCommands returns the commands that starter dev prints for a stack that is where it is by default. The tutorial has them.
func StackCommands() []string {
	guide := guideTo("bin/starter", "bin/sandbox", addresses.Addresses{
		Temporal: usualTemporal, Namespace: usualNamespace, Sandbox: usualSandbox, Events: usualEvents, Gateway: usualGateway, Token: stack.DevToken, Keyset: usualKeyset(),
	})
	var commands []string
	for _, step := range guide {
		commands = append(commands, strings.Join(step.lines, "\n"))
	}
	return commands
}

// usualKeyset is the file of the keyset that the starter uses by default; empty if this system has no place for it.
func usualKeyset() string {
	path, _ := codec.KeysetSource{}.Path()
	return path
}
