package ramp_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rampart/ramp"
)

func TestEventURLHasSchemeAndHostAndNothingHidden(t *testing.T) {
	t.Parallel()
	for _, valid := range []string{
		"https://shop.example.test", "https://shop.example.test/hooks?key=1", "https://shop.example.test?key=1", "http://127.0.0.1:3000/hook",
		"https://[::1]:3000/", "https://shop.example.test/" + strings.Repeat("a", 474),
	} {
		require.NoError(t, ramp.ValidateEventURL(valid), valid)
	}
	for _, invalid := range []string{
		"", "https://", "https:///hook", "ftp://shop.example.test/", "shop.example.test", "https://user@shop.example.test/", "https://http://a/",
		"https://shop.example.test/#part", "https://shop.example.test/a b", "https://shop.example.test/\\", "https://shöp.example.test/",
		"HTTPS://shop.example.test/", "https://shop.example.test/" + strings.Repeat("a", 475),
	} {
		err := ramp.ValidateEventURL(invalid)
		require.Error(t, err, invalid)
		if invalid != "" {
			require.NotContains(t, err.Error(), invalid)
		}
	}
}
