output "api_destination_arn" {
  value = aws_cloudwatch_event_api_destination.this.arn
}

output "rule_arn" {
  value = aws_cloudwatch_event_rule.this.arn
}
