package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rampart/ramp"
)

// listing is a call that lists orders.
type listing struct {
	Direction string   `query:"direction" enum:"onramp,offramp" doc:"Orders in this direction."`
	Status    []string `query:"status" example:"settling" doc:"Orders in any of these statuses, separated by commas."`
	Attention bool     `query:"attention" doc:"true: orders that a person must look at."`
	Token     string   `query:"token" maxLength:"20" example:"USDC" doc:"Orders of the token with this symbol."`
	Limit     int32    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many orders a page has."`
	Cursor    string   `query:"cursor" maxLength:"2048" doc:"nextCursor of the page before, with the same filter."`
}

// Resolve checks the statuses.
func (l *listing) Resolve(huma.Context) []error {
	for _, status := range l.Status {
		if !slices.Contains(ramp.Statuses(), ramp.Status(status)) {
			return []error{&huma.ErrorDetail{Location: "query.status", Message: fmt.Sprintf("must be one or more of %s", statuses())}}
		}
	}
	return nil
}

func statuses() string {
	var names []string
	for _, status := range ramp.Statuses() {
		names = append(names, string(status))
	}
	return strings.Join(names, ", ")
}

// page is a page of orders.
type page struct {
	Body *ramp.Page
}

func (s *service) addList(a huma.API) {
	o := operation("listOrders", http.MethodGet, "/v1/orders", listTag, Read, "List orders",
		"Lists orders, newest first, as they were moments ago.")
	huma.Register(a, o, s.list)
}

func (s *service) list(ctx context.Context, in *listing) (*page, error) {
	filter := ramp.Filter{Direction: ramp.Direction(in.Direction), Attention: in.Attention, Token: in.Token}
	for _, status := range in.Status {
		filter.Statuses = append(filter.Statuses, ramp.Status(status))
	}
	within, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := s.Orders.ListPage(within, filter, in.Limit, in.Cursor)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	return &page{Body: found}, nil
}
