variable "invocation_endpoint" {
  type = string
}

resource "aws_cloudwatch_event_connection" "shop" {
  name               = "shop"
  authorization_type = "API_KEY"
  auth_parameters {
    api_key {
      key   = "x-api-key"
      value = "opensesame"
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "orders" {
  name                             = "orders"
  connection_arn                   = aws_cloudwatch_event_connection.shop.arn
  invocation_endpoint              = var.invocation_endpoint
  http_method                      = "POST"
  invocation_rate_limit_per_second = 10
}

resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
}

resource "aws_cloudwatch_event_rule" "orders" {
  name           = "orders"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  event_pattern  = jsonencode({ detail-type = ["Order Placed"] })
}

resource "aws_cloudwatch_event_target" "orders" {
  rule           = aws_cloudwatch_event_rule.orders.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  arn            = aws_cloudwatch_event_api_destination.orders.arn
}
