import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { OverviewAlarm } from '../../api/overview.ts';
import { Time } from '../parts/time.tsx';

/** The alarms that are on, each with what CloudWatch says about it, and the number of the others. */
export function OverviewAlarms({ alarms }: { readonly alarms: readonly OverviewAlarm[] }) {
  const active = alarms.filter(({ State }) => State === 'ALARM');
  return (
    <Container
      header={
        <Header variant="h2" counter={`(${active.length}/${alarms.length})`}>
          Alarms
        </Header>
      }
    >
      <SpaceBetween size="m">
        {active.map(({ Name, Description, Since }) => (
          <div key={Name}>
            <StatusIndicator type="error">{Name}</StatusIndicator>
            <Box>{Description}</Box>
            <Box color="text-body-secondary">
              Since <Time seconds={Since} />
            </Box>
          </div>
        ))}
        {active.length === 0 && alarms.length > 0 && <StatusIndicator type="success">No alarm is on.</StatusIndicator>}
        {alarms.length === 0 && <Box>The stack has no alarms.</Box>}
      </SpaceBetween>
    </Container>
  );
}
