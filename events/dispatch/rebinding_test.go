package dispatch_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"

	"rampart/events/dispatch"
)

// nameServer answers each question for an IPv4 address with the next of its answers, and then with the last again: a host whose name is
// made to lead elsewhere once it has been checked.
type nameServer struct {
	net.PacketConn
	mu      sync.Mutex
	answers []netip.Addr
	asked   int
}

func newNameServer(t *testing.T, answers ...string) *nameServer {
	t.Helper()
	connection, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &nameServer{PacketConn: connection}
	for _, answer := range answers {
		s.answers = append(s.answers, netip.MustParseAddr(answer))
	}
	t.Cleanup(func() { _ = connection.Close() })
	go s.serve()
	return s
}

func (s *nameServer) serve() {
	packet := make([]byte, 1500)
	for {
		n, from, err := s.ReadFrom(packet)
		if err != nil {
			return // the test is over
		}
		var message dnsmessage.Message
		if message.Unpack(packet[:n]) != nil || len(message.Questions) != 1 {
			continue
		}
		answer := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: message.ID, Response: true, Authoritative: true},
			Questions: message.Questions, Answers: s.answer(message.Questions[0]),
		}
		if packed, err := answer.Pack(); err == nil {
			_, _ = s.WriteTo(packed, from)
		}
	}
}

func (s *nameServer) answer(question dnsmessage.Question) []dnsmessage.Resource {
	if question.Type != dnsmessage.TypeA {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.answers[min(s.asked, len(s.answers)-1)]
	s.asked++
	return []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: question.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
		Body:   &dnsmessage.AResource{A: next.As4()},
	}}
}

// resolver asks this name server alone.
func (s *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.LocalAddr().String())
	}}
}

// TestAddressThatIsDialledIsTheOneThatIsChecked has a name lead to a public address when it is looked up, and to this machine or to a cloud's
// metadata service when it is dialled.
func TestAddressThatIsDialledIsTheOneThatIsChecked(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 10)
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	t.Cleanup(server.Close)
	target := netip.MustParseAddrPort(server.Listener.Addr().String())
	trusted := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs

	for name, given := range map[string]struct {
		allowPrivate bool
		later        string
		taken        bool
	}{
		"this machine":                           {later: target.Addr().String()},
		"a private network":                      {later: "10.0.0.1"},
		"a metadata service":                     {later: "169.254.169.254"},
		"a metadata service, private allowed":    {allowPrivate: true, later: "169.254.169.254"},
		"another one in private networks":        {allowPrivate: true, later: "100.100.100.200"},
		"this machine, as it is allowed to lead": {allowPrivate: true, later: target.Addr().String(), taken: true},
	} {
		t.Run(name, func(t *testing.T) {
			names := newNameServer(t, "93.184.216.34", given.later)
			checked, err := names.resolver().LookupNetIP(t.Context(), "ip4", "example.com")
			require.NoError(t, err)
			require.Equal(t, []netip.Addr{netip.MustParseAddr("93.184.216.34")}, checked)
			require.True(t, dispatch.PermitsPublic(checked[0]), "whoever looks the name up beforehand finds nothing wrong")

			client := dispatch.ResolvingClient(given.allowPrivate, names.resolver())
			client.Transport.(*http.Transport).TLSClientConfig.RootCAs = trusted
			url := fmt.Sprintf("https://example.com:%d/hook", target.Port())
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, http.NoBody)
			require.NoError(t, err)
			answer, err := client.Do(request)
			if given.taken {
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Len(t, reached, 1)
				<-reached
				return
			}
			require.ErrorContains(t, err, "not permitted")
			require.Empty(t, reached)
		})
	}
}
