import { FormPage } from '../parts/form-page.tsx';
import { navigate, usePlace } from '../shell/router.ts';
import { NewDestinationFields, useNewDestination } from './new-destination.tsx';

export function CreateDestinationPage() {
  const form = useNewDestination(usePlace().query.get('connection') ?? '');
  return (
    <FormPage
      title="Create API destination"
      description="An API destination is the URL to which events are sent, and the connection that authorizes the requests."
      submitText="Create API destination"
      cancelHref="/api-destinations"
      onSubmit={async () => {
        await form.save();
        navigate(`/api-destinations/${form.draft.name}`);
      }}
    >
      <NewDestinationFields form={form} />
    </FormPage>
  );
}
