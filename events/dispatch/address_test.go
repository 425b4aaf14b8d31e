package dispatch_test

import (
	"net/netip"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/events/dispatch"
	"rampart/ramp"
)

const tenants = "https://hooks.example.com/tenants"

func TestOrderMayNameURLsBelowItsEndpointAlone(t *testing.T) {
	t.Parallel()
	for given, requested := range map[string]string{
		tenants:                  tenants,
		tenants + "/":            tenants + "/",
		tenants + "/7?key=a%2Fb": tenants + "/7?key=a%2Fb",
		"https://HOOKS.example.com:443/tenants/a.b-c~d": tenants + "/a.b-c~d",
		tenants + "/a%20b":   tenants + "/a%20b",
		tenants + "/..a/...": tenants + "/..a/...",
	} {
		to, covered := dispatch.Covers(tenants, ramp.Personal(given))
		require.True(t, covered, given)
		require.Equal(t, requested, to)
	}
	for _, given := range []string{
		"", "https://hooks.example.com", "https://hooks.example.com/", "https://hooks.example.com/tenants2", "https://hooks.example.com/Tenants/7",
		"http://hooks.example.com/tenants/7", "https://hooks.example.com:8443/tenants/7", "https://hooks.example.com./tenants/7",
		"https://hooks.example.com.evil.test/tenants/7", "https://evil.test/tenants/7", "https://hooks.example.com@evil.test/tenants/7",
		"https://evil.test#@hooks.example.com/tenants/7", "https://evil.test\\@hooks.example.com/tenants/7", "//hooks.example.com/tenants/7",
		tenants + "/../admin", tenants + "/./7", tenants + "/%2e%2e/admin", tenants + "/.%2e/admin", tenants + "/..;/admin", tenants + "/7/..",
		tenants + "/..%2fadmin", tenants + "/..%5cadmin", tenants + "/..\\admin", tenants + "/%252e%252e/admin", tenants + "//7", tenants + "/%00",
		tenants + "/%zz", tenants + "/%4", tenants + "/%41", tenants + "/a\tb", tenants + "/a b", tenants + "/7#part",
		"https:hooks.example.com/tenants/7", "https://hooks.example.com:/tenants/7", "https://hooks.example.com:0443/tenants/7",
		tenants + "/" + strings.Repeat("a", 500),
	} {
		to, covered := dispatch.Covers(tenants, ramp.Personal(given))
		require.False(t, covered, "%q would go to %q", given, to)
	}
}

func TestPathOfASlashCoversTheWholeHost(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"https://a.example.com", "https://a.example.com/", "https://a.example.com/x/y"} {
		_, covered := dispatch.Covers("https://a.example.com", ramp.Personal(given))
		require.True(t, covered, given)
	}
}

func FuzzOrderURLStaysBelowItsEndpoint(f *testing.F) {
	for _, seed := range []string{
		tenants + "/7", tenants + "/../x", tenants + "/%2e%2e/x", "https://hooks.example.com@evil.test/tenants/", tenants + "/a;b/..;c", tenants + "?/../..",
		"https://[::1]/tenants", "https://hooks.example.com:443/tenants/%20", tenants + "//", tenants + "/%E2%80%A5/",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		requested, covered := dispatch.Covers(tenants, ramp.Personal(given))
		if !covered {
			return
		}
		for _, text := range []string{given, requested} {
			to, err := url.Parse(text)
			require.NoError(t, err)
			require.Equal(t, "https", to.Scheme)
			require.Equal(t, "hooks.example.com", strings.ToLower(to.Hostname()))
			require.Contains(t, []string{"", "443"}, to.Port())
			require.Nil(t, to.User)
			decoded := to.Path
			for range 3 { // however often a server decodes and cleans it
				clean := path.Clean(strings.ReplaceAll(decoded, "\\", "/"))
				require.True(t, clean == "/tenants" || strings.HasPrefix(clean, "/tenants/"), clean)
				if decoded, err = url.PathUnescape(decoded); err != nil {
					break
				}
			}
		}
	})
}

func TestEventsGoToTheInternetUnlessPrivateAddressesAreAllowed(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"93.184.216.34", "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::808:808", "::ffff:8.8.8.8"} {
		require.True(t, dispatch.PermitsPublic(netip.MustParseAddr(address)), address)
		require.True(t, dispatch.PermitsPrivate(netip.MustParseAddr(address)), address)
	}
	for _, address := range []string{
		"127.0.0.1", "127.8.9.1", "::1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255",
		"fc00::1", "fd12:3456::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1",
	} {
		require.False(t, dispatch.PermitsPublic(netip.MustParseAddr(address)), address)
		require.True(t, dispatch.PermitsPrivate(netip.MustParseAddr(address)), address)
	}
	for _, address := range []string{
		"169.254.169.254", "169.254.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1",
		"255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.0.0.192", "2001:db8::1", "2002:a00:1::", "2001::1", "::10.0.0.1",
		"fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "64:ff9b:1::1",
	} {
		require.False(t, dispatch.PermitsPublic(netip.MustParseAddr(address)), address)
		require.False(t, dispatch.PermitsPrivate(netip.MustParseAddr(address)), address)
	}
}
